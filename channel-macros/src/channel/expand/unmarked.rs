//! Constants that fail if a plain method takes a message and was probably meant to be its handler.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::channel::model::Unmarked;
use crate::syntax::types;

pub fn check(Unmarked { cfgs, name, ty }: &Unmarked) -> TokenStream {
    let (method, text) = (name.to_string(), types::text(ty));
    let is_message = quote!({
        #[allow(unused_imports)]
        use ::channel_runtime::private::NoMessage as _;
        ::channel_runtime::private::IsMessage::<#ty>::IS
    });
    quote_spanned! {name.span()=>
        #(#cfgs)*
        const _: () = ::channel_runtime::private::no_handler(#is_message, #method, #text);
    }
}
