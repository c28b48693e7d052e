//! A channel's envelope, and the checks of a channel that names one: constants, because the macro sees no places.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use crate::channel::model::{Batch, Call, Channel, Hook, HookKind};
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
    let of_handlers = channel.handlers.iter().map(|handler| {
        let answer = match &handler.batch {
            None => of_type(&handler.call),
            Some(Batch { answer: Some(declared), .. }) => {
                let failed = of_batch(&handler.call).map(|error| quote!(.in_batch(#error)));
                Some(quote!(__s::AnswerOf::<Self, #declared>::ANSWER #failed))
            }
            Some(_) => of_batch(&handler.call),
        };
        (&handler.cfgs, &handler.call, answer, handler.defers)
    });
    let of_notices = channel.notices.iter().map(|notice| (&notice.cfgs, &notice.call, of_type(&notice.call), false));
    let of_hooks = channel.hooks.iter().map(|hook| (&hook.cfgs, &hook.call, of_hook(hook), false));
    let answers = of_hooks.chain(of_handlers).chain(of_notices).filter_map(|(cfgs, call, answer, hides_answer)| {
        let answer = answer.or_else(|| hides_answer.then(|| quote!(__s::AnswerShape::UNKNOWN)))?;
        let span = call.returns.as_ref().map_or(call.name.span(), |ty| ty.span());
        let defers = hides_answer || call.returns.as_ref().is_some_and(is_deferred);
        let has_place = quote_spanned! {beside_locals(span)=>
            ::channel_runtime::private::has_place(::channel_runtime::private::places::<Self>(), #answer, #defers, #envelope)
        };
        Some((cfgs, quote!({ #names #has_place })))
    });
    let refreshes = channel.hook(HookKind::Refresh).map(|Hook { cfgs, call, .. }| {
        let span = beside_locals(call.name.span());
        let is_flat = quote!(::channel_runtime::private::is_flat::<Self>());
        (cfgs, quote_spanned!(span=> ::channel_runtime::private::hears_auth(#is_flat)))
    });
    let checks = answers.chain(refreshes).map(|(cfgs, check)| {
        // A constant of an impl, where `Self` is known, would not be evaluated.
        let check = named(check, self_ty);
        quote!(#(#cfgs)* const _: () = #check;)
    });
    Some(quote!(#(#checks)*))
}

/// The `AnswerShape` of what is returned. `None` if that is nothing, or not known.
fn of_type(call: &Call) -> Option<TokenStream> {
    let ty = call.returns.as_ref().filter(|ty| !matches!(ungroup(ty), Type::ImplTrait(_)))?;
    Some(quote!(__s::AnswerOf::<Self, #ty>::ANSWER))
}

/// Each message is answered by itself, and the error is for all of them.
fn of_batch(call: &Call) -> Option<TokenStream> {
    is_named(call.returns.as_ref()?, "Result").then(error)
}

fn of_hook(Hook { kind, call, .. }: &Hook) -> Option<TokenStream> {
    match kind {
        HookKind::Binary | HookKind::Ping | HookKind::Pong => of_type(call),
        // An error closes the connection, and its Close says why.
        HookKind::Connect => of_type(call).map(|answer| quote!(#answer.infallible())),
        HookKind::Invalid if !matches!(ungroup(call.returns.as_ref()?), Type::Tuple(_)) => Some(error()),
        _ => None,
    }
}

fn error() -> TokenStream {
    quote!(__s::AnswerShape::UNKNOWN.or_fails())
}

/// With the channel's name for `Self`.
pub fn named(tokens: TokenStream, self_ty: &Type) -> TokenStream {
    let name = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => quote_spanned!(ident.span()=> #self_ty),
        TokenTree::Group(group) => {
            let mut named = Group::new(group.delimiter(), named(group.stream(), self_ty));
            named.set_span(group.span());
            TokenTree::from(named).into()
        }
        other => other.into(),
    };
    tokens.into_iter().flat_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_impl_block_s_own_name_stands_for_self() {
        let named = named(quote!(Result<Self::Answer, [Self; 2]>), &syn::parse_quote!(Game));
        assert_eq!(named.to_string(), quote!(Result<Game::Answer, [Game; 2]>).to_string());
    }
}
