//! The enum of one direction's messages, such as `GameChannelFromClient`, with the code that reads and writes them.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::messages::{Content, Message, Messages};
use crate::syntax::types;

impl Messages<'_> {
    /// `pub`, because the struct's visibility is not known here.
    pub fn definition(&self) -> TokenStream {
        let Self { name, doc, messages, .. } = self;
        let variants = messages.iter().map(|message| {
            let Message { cfgs, variant, content, .. } = message;
            match content {
                Content::Struct(ty) => {
                    let doc = format!(" [`{}`]", types::text(ty));
                    quote!(#(#cfgs)* #[doc = #doc] #variant(#ty))
                }
                Content::Unit(literal, _) => {
                    let doc = format!(" `{:?}`, a message without fields", literal.value());
                    quote!(#(#cfgs)* #[doc = #doc] #variant)
                }
            }
        });
        quote! {
            #[doc = #doc]
            #[doc = ""]
            #[doc = " Serde writes and reads it as [`Messages`](::channel_runtime::Messages#with-serde-alone) tells."]
            #[allow(deprecated, private_interfaces, unreachable_pub, clippy::large_enum_variant)]
            pub enum #name {
                #(#variants,)*
            }
        }
    }

    pub fn implementation(&self) -> TokenStream {
        let Self { name, messages, .. } = self;
        let places = self.counted_places();
        let shapes = messages.iter().map(|message| {
            let (cfgs, shape) = (message.cfgs, self.shape(message));
            quote!(#(#cfgs)* #shape)
        });
        let types = messages.iter().map(|message| {
            let (cfgs, wire_type) = (message.cfgs, message.wire_type());
            quote!(#(#cfgs)* #wire_type)
        });
        let (decode, encode, check) = (self.decode(), self.encode(), self.check());
        let newest_key = self.newest_key();
        let index = self.matched(|message| self.place(message));
        let debug = self.matched(|message| {
            let text = message.variant.to_string();
            quote!(__formatter.write_str(#text))
        });
        let conversions = messages.iter().filter_map(|message| message.conversion(name));
        let duplicates = self.duplicates();
        let serde = self.serde();
        let private = quote!(::channel_runtime::private);
        quote! {
            #[automatically_derived]
            #[allow(deprecated)]
            const _: () = {
                #places

                impl ::channel_runtime::Messages for #name {
                    const TYPES: &'static [&'static ::core::primitive::str] = &[#(#types,)*];
                    const SHAPES: &'static [#private::MessageShape] = &[#(#shapes,)*];

                    #[inline(always)]
                    fn decode<'__de, __D: #private::serde::Deserializer<'__de>>(
                        __index: ::core::primitive::usize,
                        __fields: __D,
                    ) -> ::core::result::Result<Self, __D::Error> {
                        #decode
                    }

                    fn index(&self) -> ::core::primitive::usize {
                        #index
                    }

                    fn encode<__S: #private::serde::Serializer>(
                        &self,
                        __serializer: __S,
                    ) -> ::core::result::Result<__S::Ok, __S::Error> {
                        #encode
                    }

                    #check
                    #newest_key
                }

                #serde

                impl ::core::fmt::Debug for #name {
                    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        #debug
                    }
                }

                #(#conversions)*
                #duplicates
            };
        }
    }

    fn serde(&self) -> TokenStream {
        let name = &self.name;
        let private = quote!(::channel_runtime::private);
        quote! {
            impl #private::serde::Serialize for #name {
                fn serialize<__S: #private::serde::Serializer>(
                    &self,
                    __serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    #private::serialize(self, __serializer)
                }
            }

            impl<'__de> #private::serde::Deserialize<'__de> for #name {
                fn deserialize<__D: #private::serde::Deserializer<'__de>>(
                    __deserializer: __D,
                ) -> ::core::result::Result<Self, __D::Error> {
                    #private::deserialize(__deserializer)
                }
            }
        }
    }

    fn decode(&self) -> TokenStream {
        let Self { name, messages, .. } = self;
        let arms = messages.iter().map(|message| {
            let Message { cfgs, variant, content, .. } = message;
            let place = self.place(message);
            let read = match content {
                Content::Struct(ty) => {
                    let read = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::Message>::from_fields);
                    quote!(::core::result::Result::map(#read(__fields), #name::#variant))
                }
                Content::Unit(..) => {
                    let read = quote!(::channel_runtime::private::decode_unit(__fields));
                    quote!(::core::result::Result::map(#read, |()| #name::#variant))
                }
            };
            match self.is_counted_here() {
                true => quote!(#place => #read),
                false => quote!(#(#cfgs)* __at if __at == #place => #read),
            }
        });
        quote! {
            match __index {
                #(#arms,)*
                _ => ::core::unreachable!("there is no message at this place"),
            }
        }
    }

    fn encode(&self) -> TokenStream {
        let Self { name, messages, .. } = self;
        let arms = messages.iter().map(|Message { cfgs, variant, content, .. }| match content {
            Content::Struct(ty) => {
                let write = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::Message>::to_fields);
                quote!(#(#cfgs)* #name::#variant(ref __message) => #write(__message, __serializer))
            }
            Content::Unit(..) => {
                quote!(#(#cfgs)* #name::#variant => ::channel_runtime::private::encode_unit(__serializer))
            }
        });
        quote!(match *self { #(#arms,)* })
    }

    fn check(&self) -> Option<TokenStream> {
        let Self { name, messages, .. } = self;
        if messages.iter().all(|message| matches!(message.content, Content::Unit(..))) {
            return None;
        }
        let arms = messages.iter().map(|Message { cfgs, variant, content, .. }| match content {
            Content::Struct(ty) => {
                let check = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::Message>::check);
                quote!(#(#cfgs)* #name::#variant(ref __message) => #check(__message))
            }
            Content::Unit(..) => quote!(#(#cfgs)* #name::#variant => ::core::result::Result::Ok(())),
        });
        Some(quote! {
            fn check(&self) -> ::core::result::Result<(), ::channel_runtime::DecodeError> {
                match *self { #(#arms,)* }
            }
        })
    }

    /// Of those that are sent.
    fn newest_key(&self) -> Option<TokenStream> {
        let Self { name, messages, .. } = self;
        if !self.are_sent() || messages.is_empty() {
            return None;
        }
        let arms = messages.iter().filter_map(|Message { cfgs, variant, content, .. }| match content {
            Content::Struct(ty) => {
                let key = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::Message>::newest_key);
                Some(quote!(#(#cfgs)* #name::#variant(ref __message) => #key(__message)))
            }
            Content::Unit(..) => None,
        });
        Some(quote! {
            fn newest_key(&self) -> ::std::sync::Arc<::core::primitive::str> {
                match *self { #(#arms,)* }
            }
        })
    }

    /// If messages are conditional, the compiler counts those whose `cfg` holds.
    fn counted_places(&self) -> Option<TokenStream> {
        let places = self.messages.iter().map(|Message { cfgs, variant, .. }| quote!(#(#cfgs)* #variant));
        (!self.is_counted_here()).then(|| quote!(#[allow(clippy::enum_variant_names)] enum __Place { #(#places,)* }))
    }

    fn matched(&self, value: impl Fn(&Message) -> TokenStream) -> TokenStream {
        let name = &self.name;
        let arms = self.messages.iter().map(|message| {
            let Message { cfgs, variant, .. } = message;
            let value = value(message);
            quote!(#(#cfgs)* #name::#variant { .. } => #value)
        });
        quote!(match *self { #(#arms,)* })
    }

    /// Types may come from other crates, so only a constant can compare them.
    fn duplicates(&self) -> TokenStream {
        let Self { name, messages, how, .. } = self;
        if messages.len() < 2 {
            return TokenStream::new();
        }
        let owners = messages.iter().map(|Message { cfgs, owner, .. }| quote!(#(#cfgs)* #owner));
        // Of the call, so that they are found if the message's tokens are from a `macro_rules!`.
        let (types, owners_of, shapes) = (quote!(__types), quote!(__owners), quote!(__shapes));
        // Errors stand at the second of two. One constant for all, because each costs the compiler as much as a function.
        let checks = messages.iter().skip(1).map(|message| {
            let cfgs = message.cfgs;
            let place = self.place(message);
            let once =
                quote_spanned!(message.span()=> ::channel_runtime::private::once(#types, #owners_of, #place, #how));
            let told_apart = quote_spanned!(message.span()=> ::channel_runtime::private::told_apart(#shapes, #place));
            let told_apart = self.are_sent().then(|| quote!(#(#cfgs)* #told_apart;));
            quote!(#(#cfgs)* #once; #told_apart)
        });
        let shapes = self.are_sent().then(|| {
            quote! {
                let __shapes = <#name as ::channel_runtime::Messages>::SHAPES;
            }
        });
        quote! {
            const _: () = {
                let __types = <#name as ::channel_runtime::Messages>::TYPES;
                let __owners: &[&::core::primitive::str] = &[#(#owners,)*];
                #shapes
                #(#checks)*
            };
        }
    }
}

impl Message<'_> {
    fn conversion(&self, name: &Ident) -> Option<TokenStream> {
        let Self { cfgs, variant, content: Content::Struct(ty), .. } = self else { return None };
        Some(quote! {
            #(#cfgs)*
            impl ::core::convert::From<#ty> for #name {
                fn from(__message: #ty) -> Self {
                    Self::#variant(__message)
                }
            }
        })
    }
}
