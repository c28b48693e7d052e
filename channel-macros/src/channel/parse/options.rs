//! `timeout = "2s"`, `concurrent = 4` and `idempotent` on a handler.

use syn::parse::ParseStream;
use syn::{Ident, LitInt, Signature};

use crate::channel::model::HandlerOptions;
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::receiver::takes_mut_self;

impl HandlerOptions {
    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        match name.to_string().as_str() {
            "timeout" => {
                let timeout = durations::value(name, "how long the handler may take", "2s", input)?;
                args::set(&mut self.timeout, name, (name.clone(), timeout), errors);
            }
            "idempotent" => {
                args::is_flag(input, "`idempotent` is a word by itself", "write `idempotent`", errors)?;
                args::set(&mut self.idempotent, name, name.clone(), errors);
            }
            _ => args::set(&mut self.concurrent, name, (name.clone(), concurrent(name, input)?), errors),
        }
        Ok(())
    }

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
}

fn concurrent(name: &Ident, input: ParseStream) -> syn::Result<u32> {
    let text = format!("`{name}` is how many of this handler may run at a time, from 1 to 65535\nwrite `{name} = 4`");
    let literal: LitInt = args::value(input).map_err(|error| syn::Error::new(error.span(), &text))?;
    let most = literal.base10_parse::<u32>().ok().filter(|most| (1..=65_535).contains(most));
    most.ok_or_else(|| syn::Error::new(literal.span(), text))
}
