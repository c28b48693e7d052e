//! The bounds of the history, of the path's room and of declared kinds, as constants of `Route`, and the checks that its numbers have
//! a place on the wire.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use syn::Type;
use syn::spanned::Spanned as _;

use super::envelope::named;
use crate::channel::model::{Channel, History, Hook, HookKind, RoomKind, Route};
use crate::describe;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::ungroup;

pub fn constants(route: &Route) -> TokenStream {
    let own = route.history.as_ref().map(|history| {
        let history = value(history);
        quote! {
            const HISTORY: ::core::option::Option<::channel_runtime::private::History> =
                ::core::option::Option::Some(#history);
        }
    });
    let kinds: Vec<_> = declared(route)
        .map(|(RoomKind { kind, .. }, history)| {
            let history = value(history);
            quote!((#kind, #history))
        })
        .collect();
    let kinds = (!kinds.is_empty()).then(|| {
        quote! {
            const HISTORIES: &'static [(&'static ::core::primitive::str, ::channel_runtime::private::History)] =
                &[#(#kinds),*];
        }
    });
    quote!(#own #kinds)
}

/// At the first of the words: one error says it of all.
pub fn check(route: &Route) -> Option<TokenStream> {
    let name = &route.name;
    let History { word, .. } = route.history.as_ref().or_else(|| declared(route).map(|(_, history)| history).next())?;
    let numbered = quote_spanned!(beside_locals(word.span())=> ::channel_runtime::private::numbered::<#name>());
    Some(quote!(const _: () = #numbered;))
}

/// Of what `snapshot` returns. A type that it can't return is another error.
pub fn snapshot(channel: &Channel) -> TokenStream {
    let names = describe::names();
    let checks = channel.hook(HookKind::Snapshot).filter_map(|Hook { cfgs, call, .. }| {
        let ty = call.returns.as_ref().filter(|ty| !matches!(ungroup(ty), Type::ImplTrait(_)))?;
        let numbered = quote_spanned! {beside_locals(ty.span())=>
            ::channel_runtime::private::snapshot_numbered::<Self>(__s::AnswerOf::<Self, #ty>::ANSWER)
        };
        // A constant of an impl, where `Self` is known, would not be evaluated.
        let check = named(quote!({ #names #numbered }), &channel.self_ty);
        Some(quote!(#(#cfgs)* const _: () = #check;))
    });
    quote!(#(#checks)*)
}

fn declared(route: &Route) -> impl Iterator<Item = (&RoomKind, &History)> {
    route.rooms.iter().filter_map(|kind| Some((kind, kind.history.as_ref()?)))
}

fn value(History { size, bytes, age, recent, .. }: &History) -> TokenStream {
    quote!(::channel_runtime::private::History::new(#size, #bytes, #age, #recent))
}
