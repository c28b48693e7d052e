//! The fallback for a message with an error: others still find a message, and the compiler adds no error of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, GenericParam, Generics, Ident, ItemEnum, ItemStruct};

use super::derives::has_derive;
use super::model::Message;

/// The user's own derives stay.
pub fn message(Message { item, user_derives, .. }: &Message) -> (ItemStruct, TokenStream) {
    let serialize = !user_derives && !has_derive(&item.attrs, "Serialize");
    let deserialize = !user_derives && !has_derive(&item.attrs, "Deserialize");
    let kept = if serialize && deserialize { without_serde_attributes(item) } else { item.clone() };
    (kept, implementations(&item.ident, &item.generics, serialize, deserialize))
}

/// For an enum, which is no message.
pub fn enumeration(mut item: ItemEnum) -> (ItemEnum, TokenStream) {
    let serialize = !has_derive(&item.attrs, "Serialize");
    let deserialize = !has_derive(&item.attrs, "Deserialize");
    if serialize && deserialize {
        item.attrs.retain(is_not_serde);
        for variant in &mut item.variants {
            variant.attrs.retain(is_not_serde);
            variant.fields.iter_mut().for_each(|field| field.attrs.retain(is_not_serde));
        }
    }
    let fallback = implementations(&item.ident, &item.generics, serialize, deserialize);
    (item, fallback)
}

fn implementations(name: &Ident, item_generics: &Generics, serialize: bool, deserialize: bool) -> TokenStream {
    // A struct with lifetimes is a message for `'static` alone.
    let mut generics = item_generics.clone();
    generics.params = generics.params.into_iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
    let arguments = item_generics.params.iter().map(|param| match param {
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
    let ty = if item_generics.params.is_empty() { quote!(#name) } else { quote!(#name<#(#arguments),*>) };
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
    quote! {
        const _: () = {
            #serialize
            #deserialize
            impl<#(#params),*> ::channel_runtime::Message for #ty #is_sendable {
                const TYPE: &'static ::core::primitive::str = "";
            }
        };
    }
}

fn without_serde_attributes(item: &ItemStruct) -> ItemStruct {
    let mut item = item.clone();
    item.attrs.retain(is_not_serde);
    item.fields.iter_mut().for_each(|field| field.attrs.retain(is_not_serde));
    item
}

fn is_not_serde(attr: &Attribute) -> bool {
    !attr.path().is_ident("serde")
}
