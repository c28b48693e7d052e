//! The constructor of the path's room, and the kinds of room in `rooms(..)`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::channel::model::{Param, RoomKind, Route};
use crate::syntax::types;

/// `GameChannel::room(&game_id)`. A `String` is taken as `&str`, for `room("lobby")`.
pub fn room(route: &Route, body: impl FnOnce(Vec<TokenStream>) -> TokenStream) -> TokenStream {
    let Route { name, vis, params, .. } = route;
    let arguments = params.iter().map(|Param { name, ty, .. }| {
        let taken = if types::is_string(ty) { quote!(::core::primitive::str) } else { quote!(#ty) };
        quote!(#name: &#taken)
    });
    let values = params.iter().map(|Param { name, ty, .. }| {
        if types::is_string(ty) {
            quote!(&#name)
        } else {
            let shown = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FromPath>::shown);
            quote!(#shown(#name))
        }
    });
    let body = body(values.collect());
    let pattern = route.pattern.as_ref().map(|pattern| pattern.literal.value()).unwrap_or_default();
    let doc = format!(" The room of all that are connected to `{pattern}`.");
    quote! {
        #[allow(deprecated)]
        impl #name {
            #[doc = #doc]
            #[allow(private_interfaces, clippy::needless_pass_by_value, clippy::self_named_constructors, clippy::trivially_copy_pass_by_ref)]
            #vis fn room(#(#arguments),*) -> ::channel_runtime::Room<Self> {
                #body
            }
        }
    }
}

pub fn room_kind(route: &Route, RoomKind { ty, kind, .. }: &RoomKind) -> TokenStream {
    let name = &route.name;
    let key = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::RoomKey>::shown);
    let room = quote! {
        fn room(&self) -> ::channel_runtime::Room<#name> {
            ::channel_runtime::private::declared_room(#kind, #key(self))
        }
    };
    // At the type, where the compiler lists the kinds.
    quote_spanned! {ty.span()=>
        impl ::channel_runtime::RoomOf<#name> for #ty {
            #room
        }
        impl ::channel_runtime::RoomKind<#name> for #ty {}
    }
}
