//! `sends(..)` and `receives(..)` on an impl block.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Token, Type};

use super::route;
use crate::channel::model::{Handler, OfBlock, Payload, Raw, Sent};
use crate::syntax::args::{self, Listed};
use crate::syntax::errors::Errors;
use crate::syntax::names;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::types;

#[derive(Default)]
pub struct Lists {
    pub sends: Vec<Sent>,
    pub sends_bytes: Vec<Raw>,
    pub sends_text: Vec<Raw>,
    pub envelope: Option<Type>,
    pub received: ReceivedList,
    pub runtime: Runtime,
}

/// `None` if `receives(..)` is not written.
#[derive(Default)]
pub struct ReceivedList(Option<Vec<Received>>);

/// A message in `receives(..)`: a struct, or the wire type of a message without one.
pub enum Received {
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
                    lists.received.0.get_or_insert_default().extend(args::list::<Received>(&name, input, errors)?)
                }
                "envelope" if input.peek(Token![=]) => {
                    args::set(&mut lists.envelope, &name, args::value::<Type>(input)?, errors);
                }
                "envelope" => {
                    args::skip(input)?;
                    let remedy = "write `envelope = JsonRpc`, or another type that implements `Envelope`";
                    errors.at(&name, "`envelope` names a type", remedy);
                }
                "crate" => args::set(&mut lists.runtime.0, &name, runtime_path::value(input)?, errors),
                other if route::is_argument(other) => {
                    args::skip(input)?;
                    let value = match other {
                        "each_node" | "history" => "",
                        "rooms" | "subprotocols" => "(..)",
                        "presence" => " = Seen",
                        _ => " = ..",
                    };
                    let remedy = format!("write `#[channel(\"/path\", {name}{value})]` on the struct");
                    errors.at(&name, format_args!("`{name}` belongs to the channel's struct"), remedy);
                }
                _ => return Err(args::unknown(&name, "#[channel]", &["sends", "receives", "envelope", "crate"])),
            }
            Ok(())
        });
        lists
    }

    /// What stands at the struct, which has reported its errors.
    pub fn add_misplaced(&mut self, OfBlock { sends, envelope }: &OfBlock) {
        let envelope = envelope.as_deref().and_then(|envelope| syn::parse_str(envelope).ok());
        self.envelope = self.envelope.take().or(envelope);
        let Some(Ok(sends)) = sends.as_deref().map(str::parse::<TokenStream>) else { return };
        let mut reported = Errors::default();
        args::each(sends, &mut reported, |input, errors| {
            self.send(input.parse()?, errors);
            Ok(())
        });
    }

    fn send(&mut self, Listed { cfgs, ty, rename }: Listed, errors: &mut Errors) {
        let text = types::text(&ty);
        let raw = match () {
            // With a name of its own it is a message, whose struct happens to be called so.
            () if rename.is_some() => None,
            () if types::is_named(&ty, "Bytes") => Some(&mut self.sends_bytes),
            () if types::is_named(&ty, "Text") => Some(&mut self.sends_text),
            () => None,
        };
        if let Some(listed) = raw {
            if cfgs.is_empty() && listed.iter().any(|other| other.cfgs.is_empty()) {
                errors.at(&ty, format_args!("`{text}` is listed twice"), "take one of them away");
            } else {
                listed.push(Raw { cfgs, ty });
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
}

impl ReceivedList {
    pub fn check(&self, handlers: &[Handler], errors: &mut Errors) {
        let Some(receives) = &self.0 else { return };
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

    fn handler(&self) -> String {
        match self {
            Self::Struct(ty) => {
                let name = types::last_ident(ty).map(|name| names::snake(&name.to_string())).unwrap_or_default();
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
