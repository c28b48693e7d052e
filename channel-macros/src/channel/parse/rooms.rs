//! Kinds of room: `rooms(Symbol, Tenant)`.

use syn::Type;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};

use crate::channel::model::RoomKind;
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::names::snake;
use crate::syntax::types;

pub struct Listed(Type);

impl Parse for Listed {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        args::ty(input).map(Self)
    }
}

pub fn kinds(types: Vec<Listed>, errors: &mut Errors) -> Vec<RoomKind> {
    let mut kinds: Vec<RoomKind> = Vec::new();
    for Listed(ty) in types {
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
            None => kinds.push(RoomKind { ty, kind }),
        }
    }
    kinds
}
