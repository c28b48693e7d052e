//! The fallback for a channel with an error: everything that others may name exists, and the compiler adds no error of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::if_route::if_route;
use super::{asks, handlers, hooks, messages, notices, rooms, route};
use crate::channel::model::{Channel, Route};
use crate::syntax::types;

pub fn of_route(route: &Route) -> TokenStream {
    if route.has_generics {
        return TokenStream::new();
    }
    let name = &route.name;
    let [app_type, room_state_type] = route::types(route);
    let path = match &route.pattern {
        Some(pattern) => route::path(pattern),
        None => quote!(::channel_runtime::private::Path::new("/", &[])),
    };
    let params = route.params.iter().map(|param| &param.name);
    let room = rooms::room(route, |_| quote!({ _ = (#(#params,)*); ::core::unreachable!() }));
    let served_by = route::served_by(route);
    let halves = route::halves(route);
    let stated = route::stated(route);
    // What the struct says may be the part with the error.
    let each_node = route::each_node();
    let kinds = route.rooms.iter().map(|kind| {
        let ty = &kind.ty;
        quote! {
            impl ::channel_runtime::RoomOf<#name> for #ty {
                fn room(&self) -> ::channel_runtime::Room<#name> {
                    ::core::unreachable!()
                }
            }
            impl ::channel_runtime::RoomKind<#name> for #ty {}
        }
    });
    quote! {
        #room

        const _: () = {
            impl ::channel_runtime::Route for #name {
                #app_type
                #room_state_type
                type Itself = Self;
                #halves
                const INITIAL_STATE: ::channel_runtime::private::InitialState<Self::RoomState> =
                    ("", ::core::option::Option::Some(|| ::core::unreachable!()));
                const NAME: &'static ::core::primitive::str = "";
                const PATH: ::channel_runtime::private::Path = #path;
                #each_node

                async fn build(
                    _: &::channel_runtime::Handshake,
                    _: &::channel_runtime::private::Params,
                    _: &Self::App,
                ) -> ::core::result::Result<Self, ::channel_runtime::private::BuildError> {
                    ::core::unreachable!()
                }

                fn own_room(&self) -> ::channel_runtime::Room<Self> {
                    ::core::unreachable!()
                }
            }

            #served_by
            #stated
            #(#kinds)*
        };
    }
}

pub fn of_block(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let directions = [messages::from_client(channel), messages::to_client(channel)];
    let enums = directions.iter().map(|messages| {
        let definition = messages.definition();
        let implementation = messages.implementation();
        quote!(#definition #implementation)
    });
    let protocol = handlers::protocol(channel);
    let sends = handlers::sends(channel);
    let reply = handlers::reply(channel);
    let notices = notices::fallback(channel);
    let identity = hooks::identity(channel);
    let users = hooks::users(channel);
    let asks = asks::impls(channel);
    let from_client = channel.name_from_client();
    let if_route = if_route(channel);
    quote! {
        #(#enums)*

        const _: () = {
            #protocol
            #sends
            #reply
            #notices
            #users
            #asks
            impl ::channel_runtime::Channel for #self_ty #if_route {
                #identity
                const IS_WHOLE: ::core::primitive::bool = false;
                // The hook may be the part with the error.
                const OPENS_ROOMS: ::core::primitive::bool = true;
            }
            impl ::channel_runtime::private::Dispatch for #self_ty #if_route {
                fn handle<'a>(
                    &'a mut self,
                    _: #from_client,
                    _: &'a ::channel_runtime::Socket<Self>,
                    _: &'a ::channel_runtime::private::App<Self>,
                ) -> ::channel_runtime::private::Handling<'a> {
                    ::core::unreachable!()
                }
            }
        };
    }
}

/// A constant for a block that can't be a channel's, so that the struct does not report a missing block too.
pub fn no_channel(self_ty: &Type) -> Option<TokenStream> {
    let is_plain = types::last_segment(self_ty)?.arguments.is_none();
    is_plain.then(|| {
        quote! {
            impl #self_ty {
                #[doc(hidden)]
                pub const __CHANNEL_NOT_MARKED: ::core::primitive::bool = true;
            }
        }
    })
}
