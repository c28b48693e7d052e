//! The list of subprotocols, as a constant of its `Route`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::{Otherwise, Subprotocols};

pub fn constant(list: Option<&Subprotocols>) -> Option<TokenStream> {
    let Subprotocols { names, otherwise } = list?;
    let otherwise = match otherwise {
        Otherwise::Reject => None,
        Otherwise::Accept => Some(quote!(.optional())),
        Otherwise::Close(code) => Some(quote!(.closing(#code))),
    };
    Some(quote! {
        const SUBPROTOCOLS: ::channel_runtime::private::Subprotocols =
            ::channel_runtime::private::Subprotocols::of(&[#(#names),*]) #otherwise;
    })
}
