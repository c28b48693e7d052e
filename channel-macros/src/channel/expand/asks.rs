//! For clients in Rust, with the feature `client`: what each message is answered, as types.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::Type;

use crate::channel::model::{Channel, Handler, Payload};
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
            let (name, hash) = (&call.name, fnv(&literal.value()));
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
        Some(ty) if is_nameable(ty) => with_self(ty.to_token_stream(), &channel.self_ty),
        Some(_) => any(),
    }
}

/// `Self` of the channel's impl block is another type in the message's.
fn with_self(tokens: TokenStream, self_ty: &Type) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => self_ty.to_token_stream(),
        TokenTree::Group(group) => {
            let mut inside = proc_macro2::Group::new(group.delimiter(), with_self(group.stream(), self_ty));
            inside.set_span(group.span());
            TokenTree::Group(inside).into_token_stream()
        }
        token => token.into_token_stream(),
    });
    replaced.collect()
}

/// FNV-1a: the functions of two messages have types of their own.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_impl_block_s_own_name_stands_for_self() {
        let replaced = with_self(quote!(Result<Self::Answer, [Self; 2]>), &syn::parse_quote!(Game));
        assert_eq!(replaced.to_string(), quote!(Result<Game::Answer, [Game; 2]>).to_string());
    }

    #[test]
    fn a_hash_is_that_of_its_type() {
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(fnv("join"), fnv("leave"));
    }
}
