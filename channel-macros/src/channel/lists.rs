//! `sends(..)` and `receives(..)`: what the impl block's attribute says of the protocol.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Type};

use super::batches::Batch;
use super::handlers::{Handler, Payload};
use super::route;
use super::turns::Turn;
use crate::syntax::args::{self, Listed};
use crate::syntax::errors::Errors;
use crate::syntax::rate::Limit;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::types;
use crate::syntax::wire_type;

#[derive(Default)]
pub struct Lists {
    pub sends: Vec<Sent>,
    /// Binary messages may be sent too.
    pub sends_bytes: Option<Type>,
    receives: Option<Vec<Received>>,
    pub runtime: Runtime,
}

/// A message in `sends(..)`.
pub struct Sent {
    pub cfgs: Vec<Attribute>,
    pub ty: Type,
    pub variant: Ident,
}

/// A message in `receives(..)`: a struct's name, or a type's text for a message without one.
enum Received {
    Struct(Box<Type>),
    Unit(LitStr),
}

impl Parse for Received {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Unit)
        } else {
            args::ty(input).map(|ty| Self::Struct(Box::new(ty)))
        }
    }
}

impl Lists {
    pub fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut lists = Self::default();
        args::each(tokens, errors, |input, errors| {
            if input.peek(LitStr) {
                let path = input.parse::<LitStr>()?;
                let text = path.value();
                let remedy = format!("write `#[channel({text:?})]` on the struct");
                errors.at(path, "the path belongs to the channel's struct", remedy);
                return Ok(());
            }
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "sends" => {
                    for listed in args::list::<Listed>(&name, input, errors)? {
                        lists.send(listed, errors);
                    }
                }
                "receives" => {
                    lists.receives.get_or_insert_default().extend(args::list::<Received>(&name, input, errors)?)
                }
                "crate" => args::set(&mut lists.runtime.0, &name, runtime_path::value(input)?, errors),
                other if route::is_argument(other) => {
                    args::skip(input)?;
                    let value = if name == "rooms" { "(..)" } else { " = .." };
                    let remedy = format!("write `#[channel(\"/path\", {name}{value})]` on the struct");
                    errors.at(&name, format_args!("`{name}` belongs to the channel's struct"), remedy);
                }
                _ => return Err(args::unknown(&name, "#[channel]", &["sends", "receives", "crate"])),
            }
            Ok(())
        });
        lists
    }

    /// Adds what the struct lists, which is told there.
    pub fn add_misplaced(&mut self, sends: Option<&str>) {
        let Some(Ok(sends)) = sends.map(str::parse::<TokenStream>) else { return };
        let mut told = Errors::default();
        args::each(sends, &mut told, |input, errors| {
            self.send(input.parse()?, errors);
            Ok(())
        });
    }

    fn send(&mut self, Listed { cfgs, ty, rename }: Listed, errors: &mut Errors) {
        let text = types::text(&ty);
        if types::is_named(&ty, "Bytes") {
            match &self.sends_bytes {
                Some(_) => errors.at(&ty, format_args!("`{text}` is listed twice"), "take one of them away"),
                None => self.sends_bytes = Some(ty),
            }
            return;
        }
        let Some(name) = types::last_ident(&ty) else {
            let what = format!("`{text}` is not a message");
            errors.at(&ty, what, "list the structs that are marked `#[message(type = \"..\")]`");
            return;
        };
        let variant = rename.unwrap_or_else(|| name.unraw());
        for other in self.sends.iter().filter(|other| cfgs.is_empty() && other.cfgs.is_empty()) {
            if types::text(&other.ty) == text {
                errors.at(&ty, format_args!("`{text}` is listed twice"), "take one of them away");
                return;
            }
            if other.variant == variant {
                let what = format!("`{text}` and `{}` would both be the variant `{variant}`", types::text(&other.ty));
                errors.at(&ty, what, format_args!("give it another name: `{text} as Other{variant}`"));
                return;
            }
        }
        self.sends.push(Sent { cfgs, ty, variant });
    }

    /// Where `receives(..)` is written, it and the handlers say the same.
    pub fn check_received(&self, handlers: &[Handler], errors: &mut Errors) {
        let Some(receives) = &self.receives else { return };
        let mut listed = Vec::new();
        for received in receives {
            let (text, tokens) = received.text();
            if listed.contains(&text) {
                errors.at(&tokens, format_args!("`{text}` is listed twice"), "take one of them away");
            } else if !handlers.iter().any(|handler| handler.payload.text() == text) {
                errors.at(&tokens, format_args!("there is no handler for `{text}`"), received.handler());
            }
            listed.push(text);
        }
        for handler in handlers {
            let text = handler.payload.text();
            if !listed.contains(&text) {
                let remedy = format!("list it, `receives(.., {text})`, or take this handler away");
                errors.at(handler.payload.tokens(), format_args!("`{text}` is not in `receives(..)`"), remedy);
            }
        }
    }
}

impl Received {
    fn text(&self) -> (String, TokenStream) {
        match self {
            Self::Struct(ty) => (types::text(ty), ty.to_token_stream()),
            Self::Unit(literal) => (Payload::unit_text(literal), literal.to_token_stream()),
        }
    }

    /// How to write the handler that is missing.
    fn handler(&self) -> String {
        match self {
            Self::Struct(ty) => {
                let name = types::last_ident(ty)
                    .map(|name| crate::syntax::names::snake(&name.to_string()))
                    .unwrap_or_default();
                format!("add one: `#[message] async fn {name}(&mut self, m: {})`", types::text(ty))
            }
            Self::Unit(literal) => {
                let name: String =
                    literal.value().chars().map(|char| if char.is_alphanumeric() { char } else { '_' }).collect();
                format!("add one: `#[message(type = {:?})] async fn {name}(&mut self)`", literal.value())
            }
        }
    }
}

/// The arguments of `#[message(..)]` on a handler.
#[derive(Default)]
pub struct HandlerArgs {
    pub wire_type: Option<LitStr>,
    pub variant: Option<Ident>,
    pub limit: Limit,
    pub turn: Turn,
    /// Nothing in it where it could not be read.
    pub batch: Option<Option<Batch>>,
    /// Something was written there that could not be read.
    pub is_broken: bool,
}

impl HandlerArgs {
    pub fn parse(attr: &Attribute, errors: &mut Errors) -> Self {
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
        args::each(tokens, errors, |input, errors| {
            wire_type::refuse_bare_string(input)?;
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "type" => {
                    let wire_type = wire_type::value(input)?;
                    wire_type::check(&wire_type, errors);
                    args::set(&mut all.wire_type, &name, wire_type, errors);
                }
                "as" => args::set(&mut all.variant, &name, args::value(input)?, errors),
                "rate" | "burst" | "per" => all.limit.argument(&name, input, errors)?,
                "timeout" | "concurrent" => all.turn.argument(&name, input, errors)?,
                "batch" => {
                    // Also where it can't be read: it is a batch that is spoken of.
                    let read = Batch::parse(&name, input, errors);
                    let batch = errors.take(read).flatten();
                    args::set(&mut all.batch, &name, batch, errors);
                }
                _ if input.is_empty() && name.to_string().starts_with(char::is_uppercase) => {
                    let what = format!("the message of a handler, `{name}`, is told by what the method takes");
                    errors.at(&name, what, format_args!("write `#[message]`, and take `m: {name}`"));
                }
                _ => {
                    let known = &["type", "as", "rate", "burst", "per", "timeout", "concurrent", "batch"];
                    return Err(args::unknown(&name, "#[message]", known));
                }
            }
            Ok(())
        });
        all.limit.check(errors.len() > before, errors);
        all.is_broken = errors.len() > before;
        all
    }
}
