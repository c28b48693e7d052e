//! Kinds of room: `rooms(Symbol(history), Tenant)`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream};
use syn::{Path, Type, TypePath, parenthesized, token};

use super::history;
use crate::channel::model::{History, RoomKind};
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::names::snake;
use crate::syntax::types;

/// A type, and what stands in parentheses behind it.
pub struct Listed {
    ty: Type,
    arguments: Option<TokenStream>,
}

impl Parse for Listed {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        // As a type, `Symbol(history)` would have the form of `Fn(history)`.
        let ahead = input.fork();
        if let Ok(path) = ahead.call(Path::parse_mod_style)
            && ahead.peek(token::Paren)
        {
            input.advance_to(&ahead);
            let content;
            parenthesized!(content in input);
            return Ok(Self {
                ty: Type::Path(TypePath { attrs: Vec::new(), qself: None, path }),
                arguments: Some(content.parse()?),
            });
        }
        Ok(Self { ty: args::ty(input)?, arguments: None })
    }
}

pub fn kinds(types: Vec<Listed>, errors: &mut Errors) -> Vec<RoomKind> {
    let mut kinds: Vec<RoomKind> = Vec::new();
    for Listed { ty, arguments } in types {
        let history = arguments.and_then(|arguments| of_kind(&ty, arguments, errors));
        let Some(name) = types::last_ident(&ty) else {
            let remedy = "write a type for the key: `struct Symbol(String);`";
            errors.at(&ty, "a kind of room is a type with a name", remedy);
            continue;
        };
        let kind = snake(&name.unraw().to_string());
        match kinds.iter().find(|other| other.kind == kind) {
            Some(other) if types::text(&other.ty) == types::text(&ty) => {
                errors.at(&ty, format_args!("the kind of room `{name}` is declared twice"), "take one of them away");
            }
            Some(other) => {
                let what = format!(
                    "`{}` and `{}` would have the same rooms, for a room is named after the last part of its type's path",
                    types::text(&ty),
                    types::text(&other.ty),
                );
                errors.at(&ty, what, "rename one of the two types, or wrap it in a struct of another name");
            }
            None => kinds.push(RoomKind { ty, kind, history }),
        }
    }
    kinds
}

fn of_kind(ty: &Type, arguments: TokenStream, errors: &mut Errors) -> Option<History> {
    let mut found = None;
    args::each(arguments, errors, |input, errors| {
        let name = args::name(input)?;
        if name != "history" {
            args::skip(input)?;
            return Err(args::unknown(&name, &types::text(ty), &["history"]));
        }
        let history = history::bounds(&name, input, errors)?;
        args::set(&mut found, &name, history, errors);
        Ok(())
    });
    found
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;
    use syn::Ident;
    use syn::parse::Parser as _;

    use super::*;

    fn read(tokens: TokenStream) -> (Vec<(String, Option<usize>)>, Vec<String>) {
        let mut errors = Errors::default();
        let rooms = Ident::new("rooms", Span::call_site());
        let listed = (|input: ParseStream| args::list::<Listed>(&rooms, input, &mut errors)).parse2(tokens);
        let kinds = kinds(errors.take(listed).unwrap_or_default(), &mut errors);
        let read = kinds.into_iter().map(|kind| (kind.kind, kind.history.map(|history| history.size)));
        (read.collect(), errors.messages())
    }

    #[test]
    fn a_kind_may_have_a_history() {
        let tokens = quote!((Symbol(history(size = 100)), market::OrderBook(history), Tenant, Key<u8, u8>));
        let kinds = [("symbol", Some(100)), ("order_book", Some(256)), ("tenant", None), ("key", None)];
        assert_eq!(read(tokens), (kinds.map(|(kind, size)| (kind.to_owned(), size)).to_vec(), vec![]));
    }

    #[test]
    fn a_wrong_argument_of_a_kind_is_one_error() {
        for tokens in [
            quote!((Symbol(histroy), Tenant)),
            quote!((Symbol(history, history), Tenant)),
            quote!((Symbol(history(sise = 1)), Tenant)),
            quote!((Symbol(100), Tenant)),
        ] {
            let (kinds, errors) = read(tokens.clone());
            assert_eq!((kinds.len(), errors.len()), (2, 1), "{tokens}: {errors:?}");
        }
    }
}
