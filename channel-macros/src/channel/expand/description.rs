//! The constants that `describe()` reads, in `Route` and in `Channel`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;
use syn::ext::IdentExt as _;

use crate::channel::model::{Batch, Channel, Handler, Hook, OtherField, Param, Raw, RoomKind, Route, Source};
use crate::describe;
use crate::describe::types::{Context, is_plain};
use crate::syntax::types::{first_type, is_data, is_named, last_segment, text, type_arguments, ungroup};

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
    let rooms = route.rooms.iter().map(|RoomKind { ty, kind, .. }| {
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
    let extractor = |field: &&OtherField| matches!(field.source, Source::Extract) && !is_named(&field.ty, "Handshake");
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
    let answers = channel.handlers.iter().map(|Handler { cfgs, batch, call, defers, .. }| {
        let returns = call.returns.as_ref();
        let answer = match batch {
            None => answer(returns, channel),
            Some(Batch { answer: Some(declared), .. }) => answer_in_batch(declared, returns, channel),
            // Each message is answered by itself, which the signature does not show.
            Some(_) => quote!(__s::AnswerShape::UNKNOWN),
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

fn answer(returns: Option<&Type>, channel: &Channel) -> TokenStream {
    let Some(ty) = returns else { return quote!(__s::AnswerShape::NOTHING) };
    let (answer, faults) = (answered(ty, channel), faults(&[ty], channel));
    quote!(#answer #faults)
}

fn answer_in_batch(declared: &Type, returns: Option<&Type>, channel: &Channel) -> TokenStream {
    let answer = answered(declared, channel);
    match returns {
        None => {
            let faults = faults(&[declared], channel);
            quote!(#answer #faults)
        }
        Some(returns) => {
            let faults = faults(&[declared, returns], channel);
            quote!(#answer.in_batch(__s::AnswerOf::<Self, #returns>::ANSWER) #faults)
        }
    }
}

fn answered(ty: &Type, channel: &Channel) -> TokenStream {
    let to_client = &channel.name_to_client();
    if matches!(ungroup(ty), Type::ImplTrait(_)) {
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

/// The faults of each error in these types. `None` if no error type says which it has.
fn faults(types: &[&Type], channel: &Channel) -> Option<TokenStream> {
    let mut failing = Vec::new();
    types.iter().for_each(|ty| may_fail(ty, channel, &mut failing));
    (!failing.is_empty()).then(|| quote!(.with_faults(&[#(__s::FaultsOf::<#failing>::FAULTS),*])))
}

/// Finds the parts of a type that may be a `Result` with an error other than `Fault`, also by an alias.
fn may_fail<'a>(ty: &'a Type, channel: &Channel, found: &mut Vec<&'a Type>) {
    let Some(segment) = last_segment(ty) else {
        // `<Self as Answers>::Answer`
        found.extend(matches!(ungroup(ty), Type::Path(_)).then_some(ty));
        return;
    };
    let is_sent =
        || segment.ident == channel.name_to_client() || channel.sends.iter().any(|sent| text(&sent.ty) == text(ty));
    let arguments = type_arguments(segment);
    match (segment.ident.to_string().as_str(), &arguments[..]) {
        ("Result", [answer, error]) => {
            if !is_plain_fault(error) {
                found.push(ty);
            }
            may_fail(answer, channel, found);
        }
        ("Option" | "Deferred", [answer]) => may_fail(answer, channel, found),
        ("Success" | "Bytes" | "Text", _) => {}
        _ if is_data(ty) || is_sent() => {}
        _ => found.push(ty),
    }
}

/// By its name: `#[derive(Fault)]` refuses another type that is called so.
fn is_plain_fault(ty: &Type) -> bool {
    is_named(ty, "Fault")
}

/// The `Success<T>` of `Result<Option<Success<T>>, Fault>`: the answer without its wrappers.
fn innermost(ty: &syn::Type) -> Option<&syn::PathSegment> {
    let segment = last_segment(ty)?;
    match (["Option", "Result", "Deferred"].iter().any(|name| segment.ident == name), first_type(segment)) {
        (true, Some(inner)) => innermost(inner),
        _ => Some(segment),
    }
}
