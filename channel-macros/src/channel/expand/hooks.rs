//! From the hooks: the methods of `Dispatch` that call them, and the impls that a hook adds.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::answers::{replied, text_handling};
use super::if_route::if_route;
use crate::channel::model::{Call, Channel, Hook, HookKind};
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{first_type, is_nameable, is_string, is_unit, last_segment};

pub fn identity(channel: &Channel) -> TokenStream {
    match channel.hook(HookKind::Identity).find_map(|hook| hook.key.as_ref()) {
        Some(key) => quote_spanned!(key.span()=> type Identity = <#key as ::channel_runtime::private::Key>::Key;),
        None => quote! { type Identity = ::channel_runtime::Anonymous; },
    }
}

pub fn users(channel: &Channel) -> Option<TokenStream> {
    let (self_ty, if_route) = (&channel.self_ty, if_route(channel));
    channel.hook(HookKind::Identity).find_map(|hook| hook.key.as_ref()).map(|key| {
        let name = match is_string(key) {
            true => quote_spanned!(key.span()=> ::core::primitive::str),
            false => quote_spanned!(key.span()=> <Self as ::channel_runtime::Channel>::Identity),
        };
        // All tokens have the type's span, so that the compiler's errors for a wrong key are one.
        quote_spanned! {key.span()=>
            impl ::channel_runtime::HasUsers for #self_ty #if_route {
                type User = <Self as ::channel_runtime::Channel>::Identity;
                type Name = #name;
            }
        }
    })
}

fn made(returns: &syn::Type) -> Option<&syn::Type> {
    let segment = last_segment(returns)?;
    let state = first_type(segment).filter(|_| segment.ident == "Result").unwrap_or(returns);
    (is_nameable(state) && !is_unit(state)).then_some(state)
}

fn given(kind: HookKind, call: &Call) -> Option<TokenStream> {
    let name = match kind {
        HookKind::Close => quote!(OfClose),
        HookKind::Text => quote!(OfText),
        HookKind::Binary | HookKind::Ping | HookKind::Pong => quote!(OfData),
        HookKind::Invalid => quote!(OfInvalid),
        HookKind::Refresh => quote!(OfRefresh),
        HookKind::Reauthorize => quote!(OfReauthorize<Self>),
        _ => return None,
    };
    let ty = call.datum().filter(|ty| is_nameable(ty))?;
    let message = Ident::new("__message", beside_locals(ty.span()));
    let given = quote_spanned!(beside_locals(ty.span())=> <#ty as ::channel_runtime::private::#name>::given);
    Some(quote!(let #message = #given(#message);))
}

/// The constant of `Channel` that says that this hook is written. `None` if `HOOKS` is enough.
pub fn constant(Hook { kind, cfgs, .. }: &Hook) -> Option<TokenStream> {
    let name = match kind {
        HookKind::Refresh => quote!(REFRESHES),
        HookKind::Text => quote!(TAKES_TEXT),
        HookKind::Binary => quote!(TAKES_BINARY),
        HookKind::RoomOpen => {
            return Some(quote!(
                const OPENS_ROOMS: ::core::primitive::bool = true;
            ));
        }
        HookKind::RoomClose => quote!(CLOSES_ROOMS),
        _ => return None,
    };
    Some(quote!(#(#cfgs)* const #name: ::core::primitive::bool = true;))
}

pub fn hook(Hook { kind, cfgs, call, key }: &Hook) -> TokenStream {
    let (tokens, given) = (call.tokens("__message"), given(*kind, call));
    let answer = call.answer("__reply");
    let usual = |name: &str, datum: Option<TokenStream>, body: TokenStream| {
        let name = Ident::new(name, proc_macro2::Span::call_site());
        let datum = datum.map(|ty| quote!(__message: #ty,));
        quote! {
            #(#cfgs)*
            async fn #name(
                &mut self,
                #datum
                __socket: &::channel_runtime::Socket<Self>,
                __app: &::channel_runtime::private::App<Self>,
            ) -> ::channel_runtime::private::Flow {
                #body
            }
        }
    };
    let replied = || {
        let replied = replied(call);
        quote!(#given #replied)
    };

    let decided = |name: &str, datum: TokenStream| {
        let name = Ident::new(name, proc_macro2::Span::call_site());
        quote! {
            #(#cfgs)*
            async fn #name(
                &mut self,
                __message: #datum,
                __socket: &::channel_runtime::Socket<Self>,
                __app: &::channel_runtime::private::App<Self>,
            ) -> ::core::result::Result<(), ::channel_runtime::Fault> {
                #given
                let __reply = #tokens;
                ::channel_runtime::private::#name(#answer)
            }
        }
    };
    let bytes = || Some(quote!(::channel_runtime::private::Bytes));
    match kind {
        HookKind::Authorize => quote! {
            #(#cfgs)*
            async fn authorized(
                &self,
                __app: &::channel_runtime::private::App<Self>,
            ) -> ::core::result::Result<(), ::channel_runtime::Reject> {
                let __reply = #tokens;
                ::channel_runtime::private::authorized(#answer)
            }
        },
        HookKind::Identity => {
            let (receiver, local) = (quote!(&self), quote!(__reply));
            quote_spanned! {key.span()=>
                #(#cfgs)*
                fn identified(#receiver) -> ::core::option::Option<Self::Identity> {
                    let #local = #tokens;
                    ::channel_runtime::private::identity::<Self::Identity, _>(#answer)
                }
            }
        }
        HookKind::Expires => quote! {
            #(#cfgs)*
            fn expires(&self) -> ::core::option::Option<::std::time::SystemTime> {
                let __reply = #tokens;
                ::channel_runtime::private::expires(#answer)
            }
        },
        HookKind::Snapshot => quote! {
            #(#cfgs)*
            const SNAPSHOTS: ::core::primitive::bool = true;

            #(#cfgs)*
            fn snapshot(
                &self,
                __state: &Self::RoomState,
            ) -> ::core::result::Result<::channel_runtime::private::Snapshot, ::channel_runtime::EncodeError> {
                let __reply = #tokens;
                ::channel_runtime::private::snapshot(self, #answer)
            }
        },
        HookKind::Presence => {
            let ty = call.returns.as_ref().map_or_else(|| call.name.span(), |ty| ty.span());
            let shown = quote_spanned!(beside_locals(ty)=> ::channel_runtime::private::shown::<Self>);
            quote! {
                #(#cfgs)*
                fn shown(
                    &self,
                    __before: ::core::option::Option<&::channel_runtime::private::Shown>,
                ) -> ::core::option::Option<::channel_runtime::private::Shown> {
                    let __reply = #tokens;
                    #shown(__before, #answer)
                }
            }
        }
        HookKind::Refresh => decided("refreshed", quote!(::channel_runtime::Token)),
        HookKind::Reauthorize => decided("reauthorized", quote!(::channel_runtime::Room<Self>)),
        HookKind::Connect => usual("connected", None, replied()),
        HookKind::Ping => usual("pinged", bytes(), replied()),
        HookKind::Pong => usual("ponged", bytes(), replied()),
        HookKind::Text => {
            let handling = text_handling(call, call.unawaited("__message"));
            quote! {
                #(#cfgs)*
                fn text<'a>(
                    &'a mut self,
                    __message: ::channel_runtime::Text,
                    __socket: &'a ::channel_runtime::Socket<Self>,
                    __app: &'a ::channel_runtime::private::App<Self>,
                ) -> ::channel_runtime::private::Handling<'a> {
                    #given
                    #handling
                }
            }
        }
        HookKind::Binary => usual("binary", bytes(), replied()),
        HookKind::Invalid => usual(
            "invalid",
            Some(quote!(::channel_runtime::DecodeError)),
            quote! {
                let __usual = ::channel_runtime::private::usual(__socket, &__message);
                #given
                let __reply = #tokens;
                ::channel_runtime::private::invalid(__socket, __usual, #answer)
            },
        ),
        HookKind::RoomOpen => {
            // At the return type, where a wrong state is reported.
            let opened = match call.returns.as_ref().and_then(made) {
                Some(state) => quote_spanned! {beside_locals(state.span())=>
                    <Self as ::channel_runtime::private::HasRoomState<#state>>::opened(#answer)
                },
                None => quote_spanned! {answer.span()=>
                    ::channel_runtime::private::room_opened::<Self::RoomState, _>(#answer)
                },
            };
            quote! {
                async fn room_opened(
                    __room: &::channel_runtime::Room<Self>,
                    __app: &::channel_runtime::private::App<Self>,
                ) -> ::core::result::Result<Self::RoomState, ::channel_runtime::Fault> {
                    let __reply = #tokens;
                    #opened
                }
            }
        }
        HookKind::RoomClose => {
            let state = call.datum().filter(|ty| is_nameable(ty) && !is_unit(ty)).map(|ty| {
                let span = beside_locals(ty.span());
                let message = Ident::new("__message", span);
                let state =
                    quote_spanned!(span=> <Self as ::channel_runtime::private::HasRoomState<#ty>>::state_of_rooms::<#ty>);
                quote_spanned!(span=> let #message = #state(#message);)
            });
            quote! {
            #(#cfgs)*
            async fn room_closed(
                __room: &::channel_runtime::Room<Self>,
                __message: Self::RoomState,
                __app: &::channel_runtime::private::App<Self>,
            ) {
                #state
                let __reply = #tokens;
                ::channel_runtime::private::room_closed(#answer)
            }
            }
        }
        HookKind::Close => quote! {
            #(#cfgs)*
            async fn closed(
                &mut self,
                __message: ::channel_runtime::Close,
                __socket: &::channel_runtime::Socket<Self>,
                __app: &::channel_runtime::private::App<Self>,
            ) {
                #given
                let __reply = #tokens;
                ::channel_runtime::private::closed(#answer)
            }
        },
    }
}
