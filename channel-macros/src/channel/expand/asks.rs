//! For clients in Rust, with the feature `client`: what each message is answered, as types.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};

use super::envelope::named;
use crate::channel::model::{Channel, Handler, Payload};
use crate::syntax::fnv::{BASIS, fnv};
use crate::syntax::types::{is_nameable, ungroup};

/// Only servers whose crate has clients in Rust pay for it. The page of the expansion shows a server alone.
const IS_ASKED_FOR: bool = cfg!(all(feature = "client", not(test)));

pub fn impls(channel: &Channel) -> Option<TokenStream> {
    IS_ASKED_FOR.then(|| written(channel))
}

/// The part of `Protocol` by which a client names the wire that it was made for, and knows how long an answer may take.
pub fn of_protocol() -> Option<TokenStream> {
    IS_ASKED_FOR.then(|| {
        quote! {
            fn fingerprint() -> ::core::option::Option<::core::primitive::u64> {
                ::core::option::Option::Some(::channel_runtime::private::lock::of_channel::<Self>())
            }

            fn answered_within_ms(__place: ::core::primitive::usize) -> ::core::option::Option<::core::primitive::u64> {
                <Self as ::channel_runtime::private::Dispatch>::timeout_ms(__place)
            }
        }
    })
}

fn written(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let (from_client, to_client) = (channel.name_from_client(), channel.name_to_client());
    let asks = channel.handlers.iter().map(|handler| ask(channel, handler));
    quote! {
        #(#asks)*

        impl ::channel_runtime::Asks<#self_ty, ::channel_runtime::private::AnyAnswer> for #from_client {
            fn into_message(self) -> #from_client {
                self
            }
        }

        impl ::channel_runtime::Answered<#self_ty> for #to_client {
            type Answer = Self;

            fn read(__text: &::core::primitive::str) -> ::core::result::Result<Self, ::channel_runtime::DecodeError> {
                ::channel_runtime::private::read_one_of(__text)
            }
        }
    }
}

fn ask(channel: &Channel, handler: &Handler) -> TokenStream {
    let self_ty = &channel.self_ty;
    let from_client = channel.name_from_client();
    let Handler { cfgs, docs, variant, payload, call, .. } = handler;
    let returned = returned(channel, handler);
    match payload {
        Payload::Struct(ty) => quote! {
            #(#cfgs)*
            impl ::channel_runtime::Asks<#self_ty, #returned> for #ty {
                fn into_message(self) -> #from_client {
                    #from_client::#variant(self)
                }
            }
        },
        Payload::Unit(literal) => {
            // By the hash the functions of two messages have types of their own.
            let (name, hash) = (&call.name, fnv(BASIS, literal.value().bytes()));
            let unit = quote!(::channel_runtime::private::UnitMessage<#from_client, #hash>);
            let docs = match docs.is_empty() {
                true => format!("The message `{:?}`.", literal.value()),
                false => docs.clone(),
            };
            let named = quote_spanned!(name.span()=> pub const fn #name() -> #unit);
            quote! {
                #(#cfgs)*
                impl #from_client {
                    #[doc = #docs]
                    #named {
                        ::channel_runtime::private::UnitMessage::new(|| Self::#variant)
                    }
                }

                #(#cfgs)*
                impl ::channel_runtime::Asks<#self_ty, #returned> for #unit {
                    fn into_message(self) -> #from_client {
                        self.into_message()
                    }
                }
            }
        }
    }
}

/// A parameter of the trait and no type in it, because the return type of a handler may be private where the message is not.
fn returned(channel: &Channel, handler: &Handler) -> TokenStream {
    let any = || quote!(::channel_runtime::private::AnyAnswer);
    let returns = match &handler.batch {
        Some(batch) => batch.answer.as_ref(),
        None => handler.call.returns.as_ref(),
    };
    match returns.map(ungroup) {
        _ if handler.defers => any(),
        None if handler.batch.is_some() => any(),
        None => quote!(()),
        Some(ty) if is_nameable(ty) => named(ty.to_token_stream(), &channel.self_ty),
        Some(_) => any(),
    }
}
