//! A channel's envelope, and the checks of a channel that names one: constants, because the macro doesn't see what it has a place for.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use crate::channel::model::{Channel, Handler, Hook, HookKind};
use crate::describe;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{is_deferred, is_named, text, ungroup};

/// Of a type that is no envelope [`is_one`] is the only error.
pub fn its_type(channel: &Channel) -> TokenStream {
    let Some(envelope) = &channel.envelope else { return quote!(::channel_runtime::envelope::Flat) };
    let is_one = quote!({
        #[allow(unused_imports)]
        use ::channel_runtime::private::NoEnvelope as _;
        ::channel_runtime::private::IsEnvelope::<#envelope>::IS
    });
    quote!(<::channel_runtime::private::Named<#envelope, #is_one> as ::channel_runtime::private::EnvelopeOf>::Envelope)
}

pub fn is_one(channel: &Channel) -> Option<TokenStream> {
    let envelope = channel.envelope.as_ref()?;
    let is_envelope = quote_spanned!(envelope.span()=> ::channel_runtime::private::is_envelope::<#envelope>());
    Some(quote!(const _: () = #is_envelope;))
}

/// `None` if the channel names none.
pub fn checks(channel: &Channel) -> Option<TokenStream> {
    let (self_ty, envelope) = (&channel.self_ty, text(channel.envelope.as_ref()?));
    let names = describe::names();
    let answers = channel.handlers.iter().filter_map(|handler| {
        let Handler { cfgs, call, .. } = handler;
        let answer = answer(handler, self_ty)?;
        let span = call.returns.as_ref().map_or(call.name.span(), |ty| ty.span());
        let defers = handler.defers || call.returns.as_ref().is_some_and(is_deferred);
        let places = quote!(::channel_runtime::private::places::<#self_ty>());
        let has_place = quote_spanned! {beside_locals(span)=>
            ::channel_runtime::private::has_place(#places, #answer, #defers, #envelope)
        };
        Some(quote!(#(#cfgs)* const _: () = { #names #has_place };))
    });
    let refreshes = channel.hook(HookKind::Refresh).map(|Hook { cfgs, call, .. }| {
        let is_flat = quote!(::channel_runtime::private::is_flat::<#self_ty>());
        let span = beside_locals(call.name.span());
        let hears_auth = quote_spanned!(span=> ::channel_runtime::private::hears_auth(#is_flat));
        quote!(#(#cfgs)* const _: () = #hears_auth;)
    });
    Some(quote!(#(#answers)* #(#refreshes)*))
}

/// The `AnswerShape`, as far as it matters. `None` if nothing is answered.
fn answer(handler: &Handler, self_ty: &Type) -> Option<TokenStream> {
    match &handler.call.returns {
        Some(ty) if handler.batch.is_some() && is_named(ty, "Result") => {
            Some(quote!(__s::AnswerShape { fallible: true, ..__s::AnswerShape::UNKNOWN }))
        }
        Some(ty) if handler.batch.is_none() && !matches!(ungroup(ty), Type::ImplTrait(_)) => {
            Some(quote!(__s::AnswerOf::<#self_ty, #ty>::ANSWER))
        }
        _ => handler.defers.then(|| quote!(__s::AnswerShape::UNKNOWN)),
    }
}
