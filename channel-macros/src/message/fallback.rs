//! The fallback for a message with an error: others still find a message, and the compiler adds no error of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, GenericParam, ItemStruct};

use super::derives::has_derive;
use super::model::Message;

/// The user's own derives stay.
pub fn message(Message { item, user_derives, .. }: &Message) -> (ItemStruct, TokenStream) {
    let name = &item.ident;
    let serialize = !user_derives && !has_derive(item, "Serialize");
    let deserialize = !user_derives && !has_derive(item, "Deserialize");
    let kept = if serialize && deserialize { without_serde_attributes(item) } else { item.clone() };

    // A struct with lifetimes is a message for `'static` alone.
    let mut generics = item.generics.clone();
    generics.params = generics.params.into_iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
    let arguments = item.generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(_) => quote!('static),
        GenericParam::Type(param) => {
            let ident = &param.ident;
            quote!(#ident)
        }
        GenericParam::Const(param) => {
            let ident = &param.ident;
            quote!(#ident)
        }
    });
    let ty = if item.generics.params.is_empty() { quote!(#name) } else { quote!(#name<#(#arguments),*>) };
    let params: Vec<_> = generics.params.iter().collect();
    let is_sendable = (!params.is_empty()).then(|| quote!(where #ty: ::core::marker::Send + 'static));

    let serialize = serialize.then(|| {
        quote! {
            impl<#(#params),*> ::channel_runtime::private::serde::Serialize for #ty {
                fn serialize<__S: ::channel_runtime::private::serde::Serializer>(
                    &self,
                    _: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    ::core::unreachable!()
                }
            }
        }
    });
    let deserialize = deserialize.then(|| {
        quote! {
            impl<'__de, #(#params),*> ::channel_runtime::private::serde::Deserialize<'__de> for #ty {
                fn deserialize<__D: ::channel_runtime::private::serde::Deserializer<'__de>>(
                    _: __D,
                ) -> ::core::result::Result<Self, __D::Error> {
                    ::core::unreachable!()
                }
            }
        }
    });
    let fallback = quote! {
        const _: () = {
            #serialize
            #deserialize
            impl<#(#params),*> ::channel_runtime::Message for #ty #is_sendable {
                const TYPE: &'static ::core::primitive::str = "";
            }
        };
    };
    (kept, fallback)
}

fn without_serde_attributes(item: &ItemStruct) -> ItemStruct {
    let mut item = item.clone();
    let keep = |attr: &Attribute| !attr.path().is_ident("serde");
    item.attrs.retain(keep);
    item.fields.iter_mut().for_each(|field| field.attrs.retain(keep));
    item
}
