//! The constants that `describe()` reads, in `Route` and in `Channel`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;

use crate::channel::model::{Channel, Handler, Hook, OtherField, Param, Raw, RoomKind, Route, Source};
use crate::describe;
use crate::describe::types::{Context, is_plain};
use crate::syntax::types::{self, first_type, last_segment, ungroup};

pub fn of_route(route: &Route) -> TokenStream {
    let (names, docs) = (describe::names(), &route.docs);
    let docs = (!docs.is_empty()).then(|| quote!(const DOCS: &'static ::core::primitive::str = #docs;));
    let is_plain = route.params.iter().all(|param| is_plain(ungroup(&param.ty)));
    let params = route.params.iter().map(|Param { name, docs, ty }| {
        let name = name.unraw().to_string();
        if is_plain {
            return quote!(::channel_runtime::private::shapes::param::<#ty>(#name, #docs));
        }
        let ty = Context::default().ty(ty);
        quote!(__s::Param { name: #name, docs: #docs, ty: #ty })
    });
    let param_names = (!is_plain).then_some(&names);
    let params = (!route.params.is_empty()).then(|| {
        quote! {
            const PARAMS: &'static [::channel_runtime::private::shapes::Param] = { #param_names &[#(#params),*] };
        }
    });
    let needs = needs(route);
    let rooms = route.rooms.iter().map(|RoomKind { ty, kind }| {
        let key = Context::default().ty(ty);
        quote!(__s::RoomShape { kind: #kind, key: #key })
    });
    let rooms = (!route.rooms.is_empty()).then(
        || quote!(const ROOMS: &'static [::channel_runtime::private::shapes::RoomShape] = { #names &[#(#rooms),*] };),
    );
    quote!(#docs #params #rooms #needs)
}

/// What the extractors need. `Handshake` needs nothing.
fn needs(route: &Route) -> Option<TokenStream> {
    let app = route.app.as_ref().map_or_else(|| quote!(()), |app| quote!(#app));
    let extractor =
        |field: &&OtherField| matches!(field.source, Source::Extract) && !types::is_named(&field.ty, "Handshake");
    let needs =
        route.fields.iter().filter(extractor).map(
            |OtherField { ty, cfgs, .. }| quote!(#(#cfgs)* ::channel_runtime::private::Extracted::<#ty, #app>::NEEDS),
        );
    let has_some = route.fields.iter().any(|field| extractor(&field));
    has_some.then(|| {
        quote! {
            const NEEDS: &'static [::channel_runtime::describe::Needs] = {
                #[allow(unused_imports)]
                use ::channel_runtime::private::NotExtracted as _;
                &[#(#needs),*]
            };
        }
    })
}

pub fn of_block(channel: &Channel) -> TokenStream {
    let to_client = channel.name_to_client();
    let answers = channel.handlers.iter().map(|Handler { cfgs, batch, call, defers, .. }| {
        let answer = match batch {
            // Each message is answered by itself, which the type of the handler does not show.
            Some(_) => quote!(__s::AnswerShape::UNKNOWN),
            None => answer(call.returns.as_ref(), &to_client),
        };
        let deferred = defers.then(|| quote!(.deferred()));
        quote!(#(#cfgs)* #answer #deferred)
    });
    let names = describe::names();
    let tells = |handler: &Handler| handler.call.returns.is_some() || handler.batch.is_some() || handler.defers;
    let answers = channel.handlers.iter().any(tells).then(|| {
        quote! {
            const ANSWERS: &'static [::channel_runtime::private::shapes::AnswerShape] = { #names &[#(#answers),*] };
        }
    });
    let hooks = channel.hooks.iter().map(|Hook { kind, cfgs, .. }| {
        let name = kind.name();
        quote!(#(#cfgs)* #name)
    });
    let hooks = (!channel.hooks.is_empty())
        .then(|| quote!(const HOOKS: &'static [&'static ::core::primitive::str] = &[#(#hooks),*];));
    let binary = channel.sends_bytes.iter().map(|Raw { cfgs, .. }| {
        quote!(
            #(#cfgs)*
            const SENDS_BINARY: ::core::primitive::bool = true;
        )
    });
    let text = channel.sends_text.iter().map(|Raw { cfgs, .. }| {
        quote!(
            #(#cfgs)*
            const SENDS_TEXT: ::core::primitive::bool = true;
        )
    });
    quote!(#answers #hooks #(#binary)* #(#text)*)
}

fn answer(returns: Option<&syn::Type>, to_client: &Ident) -> TokenStream {
    let Some(ty) = returns else { return quote!(__s::AnswerShape::NOTHING) };
    if matches!(ungroup(ty), syn::Type::ImplTrait(_)) {
        return quote!(__s::AnswerShape::UNKNOWN);
    }
    let more = innermost(ty).and_then(|segment| match first_type(segment) {
        Some(data) if segment.ident == "Success" => {
            let data = Context::default().ty(data);
            Some(quote!(.with_data(#data)))
        }
        _ if segment.ident == *to_client => {
            Some(quote!(.with_messages(<#to_client as ::channel_runtime::Messages>::TYPES)))
        }
        _ => None,
    });
    quote!(__s::AnswerOf::<Self, #ty>::ANSWER #more)
}

/// The `Success<T>` of `Result<Option<Success<T>>, Fault>`: the answer without its wrappers.
fn innermost(ty: &syn::Type) -> Option<&syn::PathSegment> {
    let segment = last_segment(ty)?;
    match (["Option", "Result", "Deferred"].iter().any(|name| segment.ident == name), first_type(segment)) {
        (true, Some(inner)) => innermost(inner),
        _ => Some(segment),
    }
}
