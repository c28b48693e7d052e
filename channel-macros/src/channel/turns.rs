//! `timeout = "2s"` and `concurrent = 4`: what a handler has of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::ParseStream;
use syn::{Ident, LitInt, ReceiverKind, Signature, Type};

use super::handlers::{Channel, Handler};
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::types::ungroup;

#[derive(Default)]
pub struct Turn {
    /// In milliseconds.
    timeout: Option<(Ident, u64)>,
    concurrent: Option<(Ident, u32)>,
}

impl Turn {
    /// Reads what follows one of the names.
    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        if name == "timeout" {
            let timeout = durations::value(name, "how long the handler may take", "2s", input)?;
            args::set(&mut self.timeout, name, (name.clone(), timeout), errors);
        } else {
            args::set(&mut self.concurrent, name, (name.clone(), concurrent(name, input)?), errors);
        }
        Ok(())
    }

    /// Whether a method of this signature can be such a handler.
    pub fn check(&self, sig: &Signature, errors: &mut Errors) {
        if let Some((name, _)) = &self.concurrent
            && takes_mut_self(sig)
        {
            let what = "handlers that overlap share the channel's value: none of them takes `&mut self`";
            errors.at(name, what, "take `&self`, with what changes behind a lock, or take `concurrent` away");
        }
        if sig.asyncness.is_some() {
            return;
        }
        if let Some((name, _)) = &self.timeout {
            let what = "a handler that is not `async` never waits, and can't be stopped";
            errors.at(name, what, "write `async fn`, or take `timeout` away");
        }
        if let Some((name, _)) = &self.concurrent {
            let what = "a handler that is not `async` never waits, so that no other could run meanwhile";
            errors.at(name, what, "write `async fn`, or take `concurrent` away");
        }
    }

    /// Where it says that the handler may overlap.
    pub fn concurrent(&self) -> Option<&Ident> {
        self.concurrent.as_ref().map(|(name, _)| name)
    }

    /// What it says, whatever it is.
    pub fn name(&self) -> Option<&Ident> {
        self.timeout.as_ref().map(|(name, _)| name).or(self.concurrent())
    }

    fn is_plain(&self) -> bool {
        self.timeout.is_none() && self.concurrent.is_none()
    }

    /// `shares` is where others may run beside it.
    fn tokens(&self, shares: Option<TokenStream>) -> TokenStream {
        let timeout = self.timeout.as_ref().map(|(_, timeout)| quote!(.within(#timeout)));
        let beside = match &self.concurrent {
            Some((_, most)) => Some(quote!(.concurrent(#most))),
            None => shares,
        };
        quote!(::channel_runtime::private::Turn::PLAIN #timeout #beside)
    }
}

/// Whether a handler may run beside those of its channel that are concurrent, and they beside it: one that does not take `&mut self`,
/// where there are such.
pub fn overlaps(channel: &Channel, handler: &Handler) -> bool {
    !handler.call.takes_mut_self && channel.handlers.iter().any(|other| other.turn.concurrent().is_some())
}

/// The turns of a channel's handlers, where one of them has anything of its own.
pub fn table(channel: &Channel) -> Option<TokenStream> {
    if channel.handlers.iter().all(|handler| handler.turn.is_plain()) {
        return None;
    }
    let turns = channel.handlers.iter().map(|handler| {
        let Handler { cfgs, turn, call, .. } = handler;
        let is_async = call.is_async;
        let turn = turn.tokens(overlaps(channel, handler).then(|| quote!(.sharing(#is_async))));
        quote!(#(#cfgs)* #turn)
    });
    Some(quote!(const TURNS: &'static [::channel_runtime::private::Turn] = &[#(#turns),*];))
}

pub fn takes_mut_self(sig: &Signature) -> bool {
    sig.receiver().is_some_and(|receiver| match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => matches!(ungroup(ty), Type::Reference(ty) if ty.mutability.is_some()),
        _ => false,
    })
}

fn concurrent(name: &Ident, input: ParseStream) -> syn::Result<u32> {
    let text = format!("`{name}` is how many of this handler may run at a time, from 1 to 65535\nwrite `{name} = 4`");
    let literal: LitInt = args::value(input).map_err(|error| syn::Error::new(error.span(), &text))?;
    let most = literal.base10_parse::<u32>().ok().filter(|most| (1..=65_535).contains(most));
    most.ok_or_else(|| syn::Error::new(literal.span(), text))
}
