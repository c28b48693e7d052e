//! From [`Message`] to the struct, its derives and its impl of `Message`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, Type};

use super::binary;
use super::model::{Class, Form, Message, Validation};
use crate::syntax::serde_attributes::serde_arguments;
use crate::syntax::spans::beside_locals;

pub fn message(message: &Message, form: &Form) -> TokenStream {
    let Message { item, user_derives, shape, validation, answer, class, runtime, .. } = message;
    let name = &item.ident;
    let check = validation.as_ref().map(check);
    let (wire_type, methods, has_serde) = match form {
        Form::Text(wire_type) => (wire_type, None, true),
        Form::Binary(binary) => (&binary.wire_type, Some(binary.methods(name)), binary.codec.is_some()),
    };
    let derives = (!user_derives && has_serde).then(|| {
        let names_crate = serde_arguments(&item.attrs).iter().any(|argument| argument.name == "crate");
        // Serde reads the path from a string, which can't have `$crate`.
        let alias = (runtime.is_dollar_crate() && !names_crate).then(|| format_ident!("__serde_for_{}", name.unraw()));
        let path = alias.as_ref().map_or_else(|| "::channel_runtime::private::serde".into(), ToString::to_string);
        let alias = alias.map(|alias| quote!(use ::channel_runtime::private::serde as #alias;));
        let serde = (!names_crate).then(|| quote!(#[serde(crate = #path)]));
        runtime.place(quote! {
            #alias
            #[derive(::channel_runtime::private::serde::Serialize, ::channel_runtime::private::serde::Deserialize)]
            #serde
        })
    });
    let class = class.as_ref().map(Class::items);
    let implementation = runtime.place(quote_spanned! {name.span()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::channel_runtime::Message for #name {
            const TYPE: &'static ::core::primitive::str = #wire_type;
            const SHAPE: ::channel_runtime::private::MessageShape = #shape;
            #class
            #methods
            #check
        }
    });
    let question = answer.as_ref().map(|answer| runtime.place(question(name, answer)));
    let as_bytes = (!user_derives && !has_serde).then(|| runtime.place(binary::serde_as_bytes(name)));
    // Our derives stand first: one of the user's before them would find `serde` attributes that belong to no derive yet.
    quote! {
        #derives
        #item
        #implementation
        #question
        #as_bytes
    }
}

/// Of a message that a client answers. An error for a type that can't be read stands at the type.
pub fn question(name: &Ident, answer: &Type) -> TokenStream {
    quote_spanned! {answer.span()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::channel_runtime::Question for #name {
            type Answer = #answer;
        }
    }
}

fn check(Validation { at, renamed }: &Validation) -> TokenStream {
    let names = renamed.iter().map(|(name, key)| quote!((#name, #key)));
    let span = beside_locals(at.span());
    let checked = quote_spanned!(span=> ::channel_runtime::private::check::<Self>);
    quote! {
        fn check(&self) -> ::core::result::Result<(), ::channel_runtime::DecodeError> {
            #checked(self, &[#(#names),*])
        }
    }
}

/// A constant for an impl block without `#[channel]`, so that its struct does not report that too.
pub fn unmarked_block() -> TokenStream {
    quote! {
        #[doc(hidden)]
        pub const __CHANNEL_NOT_MARKED: ::core::primitive::bool = true;
    }
}
