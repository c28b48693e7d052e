//! What stands in for an expansion after an error, so that ours is the only one: all that others may name is there, and
//! nothing in it can fail in turn.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::handlers::Channel;
use crate::channel::route::Route;
use crate::channel::{expand_handlers, expand_hooks, expand_route, messages, notices};

/// A channel that is nowhere.
pub fn route(route: &Route) -> TokenStream {
    if route.has_generics {
        return TokenStream::new();
    }
    let name = &route.name;
    let [app_type, room_state_type] = expand_route::types(route);
    let path = match &route.pattern {
        Some(pattern) => expand_route::path(pattern),
        None => quote!(::channel_runtime::private::Path::new("/", &[])),
    };
    let params = route.params.iter().map(|param| &param.name);
    let room = expand_route::room(route, |_| quote!({ _ = (#(#params,)*); ::core::unreachable!() }));
    let served_by = expand_route::served_by(route);
    let halves = expand_route::halves(route);
    let stated = expand_route::stated(route);
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
                const FIRST_STATE: ::channel_runtime::private::FirstState<Self::RoomState> =
                    ("", ::core::option::Option::Some(|| ::core::unreachable!()));
                const NAME: &'static ::core::primitive::str = "";
                const PATH: ::channel_runtime::private::Path = #path;

                async fn build(
                    _: &::channel_runtime::Handshake,
                    _: &::channel_runtime::private::Params,
                    _: &Self::App,
                ) -> ::core::result::Result<Self, ::channel_runtime::private::Refusal> {
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

/// A channel that does nothing; its messages are those that could be read.
pub fn handlers(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let directions = [messages::from_client(channel), messages::to_client(channel)];
    let enums = directions.iter().map(|messages| {
        let definition = messages.definition();
        let implementation = messages.implementation();
        quote!(#definition #implementation)
    });
    let protocol = expand_handlers::protocol(channel);
    let sends = expand_handlers::sends(channel);
    let reply = expand_handlers::reply(channel);
    let notices = notices::kinds(channel);
    let identity = expand_hooks::identity(channel);
    let users = expand_hooks::users(channel);
    let from_client = channel.name_from_client();
    let if_route = expand_handlers::if_route(channel);
    quote! {
        #(#enums)*

        const _: () = {
            #protocol
            #sends
            #reply
            #notices
            #users
            impl ::channel_runtime::Channel for #self_ty #if_route {
                #identity
                const IS_WHOLE: ::core::primitive::bool = false;
                // The hook may be what has the error.
                const OPENS_ROOMS: ::core::primitive::bool = true;

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
