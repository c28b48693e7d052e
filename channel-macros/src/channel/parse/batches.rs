//! Handlers of batches: `#[message(batch(size = 10, wait = "100ms"))]`.

use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{GenericArgument, Ident, LitInt, LitStr, PathArguments, Signature, Type, parenthesized, token};

use super::arguments::{self, Expected};
use crate::channel::model::{Batch, Call, HandlerOptions, Owner, Payload};
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::types::{first_type, last_segment, text, ungroup};

const EXPECTED: Expected = Expected {
    who: "the handler of a batch",
    usage: "write `#[message(batch(..))] async fn name(batch: Vec<channel_runtime::Batched<Self, Message>>, app: &App)`",
    of: Owner::Channel,
};

const WAIT: &str = "how long the first of a batch waits for others";

const EXAMPLE: &str = "batch(size = 10, wait = \"100ms\")";

impl Batch {
    pub fn parse(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Option<Self>> {
        if !input.peek(token::Paren) {
            args::skip(input)?;
            let what = format!("`batch` has its bounds in parentheses\nwrite `{EXAMPLE}`");
            return Err(syn::Error::new(name.span(), what));
        }
        let content;
        parenthesized!(content in input);
        let (mut size, mut wait, before) = (None, None, errors.len());
        args::each(content.parse()?, errors, |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "size" => args::set(&mut size, &name, number(&name, input)?, errors),
                "wait" => args::set(&mut wait, &name, durations::value(&name, WAIT, "100ms", input)?, errors),
                _ => return Err(args::unknown(&name, "batch", &["size", "wait"])),
            }
            Ok(())
        });
        if errors.len() == before {
            for (what, is_missing) in [
                ("`size`, the most messages in one", size.is_none()),
                ("`wait`, how long its first message waits for others", wait.is_none()),
            ] {
                if is_missing {
                    errors.at(name, format_args!("the batch has no {what}"), format_args!("write `{EXAMPLE}`"));
                }
            }
        }
        Ok(size.zip(wait).map(|(size, wait)| Self { size, wait, answer: None }))
    }
}

fn number(name: &Ident, input: ParseStream) -> syn::Result<usize> {
    let expected = |span| syn::Error::new(span, "`size` is a number of messages, one at the least\nwrite `size = 10`");
    input.parse::<syn::Token![=]>().map_err(|_| expected(name.span()))?;
    let span = input.span();
    let size = input.parse::<LitInt>().and_then(|size| size.base10_parse());
    size.ok().filter(|size| *size > 0).ok_or_else(|| expected(span))
}

pub fn call(
    sig: &Signature,
    wire_type: Option<LitStr>,
    options: &HandlerOptions,
    errors: &mut Errors,
) -> Option<(Call, Payload)> {
    if let Some(name) = options.of_one_call() {
        let what = "one batch runs at a time, and may take as long as any handler";
        errors.at(name, what, format_args!("take `{name} = ..` away; `Config::handler_timeout` is for batches too"));
    }
    let call = arguments::parse(sig, EXPECTED, errors)?;
    if let Some(literal) = wire_type {
        let what = "the messages of a batch have a struct, on which their type is written";
        errors.at(literal, what, "take `type = ..` away, and write `Vec<channel_runtime::Batched<Self, Message>>`");
        return None;
    }
    let Some(datum) = call.datum() else {
        let what = format!("the handler `{}` has no batch", call.name.unraw());
        errors.at(&call.name, what, "take it by value, `batch: Vec<channel_runtime::Batched<Self, Message>>`");
        return None;
    };
    let Some(message) = message(datum) else {
        let remedy = format!("write `Vec<channel_runtime::Batched<Self, {}>>`, with a message", meant(datum));
        errors.at(datum, format_args!("`{}` is no batch", text(datum)), remedy);
        return None;
    };
    let payload = Payload::Struct(Box::new(message.clone()));
    Some((call, payload))
}

pub fn has_no_bounds(sig: &Signature, errors: &mut Errors) -> bool {
    let mut inputs = sig.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(input) => Some(&*input.ty),
        syn::FnArg::Receiver(_) => None,
    });
    let Some(batch) = inputs.find(|ty| message(ty).is_some()) else { return false };
    let what = format!("the handler `{}` takes a batch, and its bounds are missing", sig.ident.unraw());
    errors.at(batch, what, format_args!("write `#[message({EXAMPLE})]`"));
    true
}

/// The `Moved` of `Vec<Batched<Self, Move, Moved>>`.
pub fn answer(call: &Call) -> Option<Type> {
    argument(call.datum()?, 2).cloned()
}

/// The `Move` of `Vec<Batched<Self, Move>>`.
fn message(batch: &Type) -> Option<&Type> {
    argument(batch, 1)
}

fn argument(batch: &Type, index: usize) -> Option<&Type> {
    let segment = last_segment(batch).filter(|segment| segment.ident == "Vec")?;
    let batched = last_segment(first_type(segment)?).filter(|segment| segment.ident == "Batched")?;
    let PathArguments::AngleBracketed(arguments) = &batched.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.nth(index)
}

fn meant(ty: &Type) -> String {
    match last_segment(ty) {
        Some(segment) if segment.ident == "Vec" || segment.ident == "Batched" => {
            first_type(segment).map_or_else(|| "Message".into(), |ty| meant(ungroup(ty)))
        }
        Some(segment) if segment.ident != "Self" => text(ty),
        _ => "Message".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn a_batch_is_told_by_its_type() {
        for batch in ["Vec<Batched<Self, Move>>", "std::vec::Vec<channel_runtime::Batched<Game, Move>>"] {
            assert_eq!(message(&ty(batch)).map(text).as_deref(), Some("Move"), "{batch}");
        }
        for other in
            ["Vec<Move>", "Batched<Self, Move>", "Vec<Batched<Move>>", "Vec", "Move", "[Batched<Self, Move>; 2]"]
        {
            assert!(message(&ty(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn what_was_probably_meant() {
        for (written, expected) in [
            ("Vec<Move>", "Move"),
            ("Move", "Move"),
            ("Batched<Self, Move>", "Message"),
            ("Vec<Batched<Move>>", "Move"),
        ] {
            assert_eq!(meant(&ty(written)), expected, "{written}");
        }
    }
}
