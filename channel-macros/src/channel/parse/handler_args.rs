//! The arguments of `#[message(..)]` on a handler.

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, LitStr};

use crate::channel::model::{Batch, HandlerOptions};
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::rate::Limit;
use crate::syntax::wire_type;

#[derive(Default)]
pub struct HandlerArgs {
    pub wire_type: Option<LitStr>,
    pub variant: Option<Ident>,
    pub limit: Limit,
    pub options: HandlerOptions,
    /// `Some(None)` if it could not be read.
    pub batch: Option<Option<Batch>>,
    pub is_broken: bool,
}

impl HandlerArgs {
    pub fn parse(attr: &Attribute, has_envelope: bool, errors: &mut Errors) -> Self {
        let mut all = Self::default();
        let before = errors.len();
        let tokens = match &attr.meta {
            syn::Meta::Path(_) => return all,
            syn::Meta::List(list) => list.tokens.clone(),
            syn::Meta::NameValue(value) => {
                errors.at(
                    value,
                    "`#[message]` takes its arguments in parentheses",
                    "write `#[message(type = \"..\")]`",
                );
                TokenStream::new()
            }
        };
        let mut is_binary = false;
        args::each(tokens, errors, |input, errors| {
            wire_type::refuse_bare_string(input)?;
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "type" => wire_type::argument(&mut all.wire_type, &name, input, errors)?,
                "as" => args::set(&mut all.variant, &name, args::value(input)?, errors),
                "rate" | "burst" | "per" => all.limit.argument(&name, input, errors)?,
                "timeout" | "concurrent" | "idempotent" => all.options.argument(&name, input, errors)?,
                "batch" => {
                    let read = Batch::parse(&name, input, errors);
                    let batch = errors.take(read).flatten();
                    args::set(&mut all.batch, &name, batch, errors);
                }
                "binary" | "kind" | "codec" => {
                    args::skip(input)?;
                    if !std::mem::replace(&mut is_binary, true) {
                        errors.at(
                            &name,
                            format_args!("`{name}` belongs to the message's struct"),
                            "write `#[message(binary, kind = 1)]` on the struct that the method takes, and `#[message]` here",
                        );
                    }
                }
                "answer" => {
                    args::skip(input)?;
                    errors.at(
                        &name,
                        "`answer` belongs to the struct of a question to the client",
                        "take it away: what this handler returns is its answer",
                    );
                }
                of_struct @ ("volatile" | "latest") => {
                    args::skip(input)?;
                    errors.at(
                        &name,
                        format_args!("`{of_struct}` belongs to the struct of a message to clients"),
                        "take it away: what a client sends is never dropped, and neither is its answer",
                    );
                }
                "foreign" => {
                    let remedy = "write `#[message(type = \"..\", foreign)]` on the struct that the method takes, and `#[message]` here";
                    errors.at(&name, "`foreign` belongs to the message's struct", remedy);
                }
                _ if input.is_empty() && name.to_string().starts_with(char::is_uppercase) => {
                    let what = format!("the message of a handler, `{name}`, is told by what the method takes");
                    errors.at(&name, what, format_args!("write `#[message]`, and take `m: {name}`"));
                }
                _ => {
                    let known = &["type", "as", "rate", "burst", "per", "timeout", "concurrent", "batch", "idempotent"];
                    return Err(args::unknown(&name, "#[message]", known));
                }
            }
            Ok(())
        });
        if !has_envelope {
            all.wire_type.iter().filter_map(wire_type::reserved).for_each(|error| errors.push(error));
        }
        all.limit.check(errors.len() > before, errors);
        all.is_broken = errors.len() > before;
        all
    }
}
