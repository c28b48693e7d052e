//! Arguments that can only be a mistake, given what the struct declares: by their form alone they would be the app or a message.

use std::fmt::Display;

use syn::{FnArg, Pat, PatType, Signature, Type, TypeReference};

use super::declared::Declared;
use crate::channel::model::Owner;
use crate::syntax::errors::Errors;
use crate::syntax::types::{first_type, is_extractor, is_named, last_segment, text, ungroup};

pub enum Misplaced<'a> {
    State(&'a Type),
    App(&'a Type),
    Extractor(&'a PatType),
    /// The hook's datum, by reference; it is taken by value.
    Lent(&'a TypeReference),
    /// The room, in a method of a connection.
    Room(&'a TypeReference),
    /// An extractor of axum's, `State(app): State<App>`.
    Foreign(&'a PatType),
    /// Another reference beside the app.
    Stranger(&'a TypeReference),
}

pub const NO_STATE: &str = "is not given the room's state: that is lent for a moment, under a lock";

pub const LEND_STATE: &str = "take `socket: &Socket<Self>`, and write `socket.room().with(|state, room| ..)`";

impl<'a> Misplaced<'a> {
    pub fn find(sig: &'a Signature, of: Owner, datum: Option<&str>, declared: &Declared) -> Option<Self> {
        let inputs = || {
            sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(input),
                FnArg::Receiver(_) => None,
            })
        };
        let is_room = |ty: &&TypeReference| is_named(&ty.elem, "Room") && !declared.may_be_app(&ty.elem);
        let may_be_room = of == Owner::Connection && declared.is_known;
        let room = || inputs().filter_map(reference).find(is_room).filter(|_| may_be_room).map(Self::Room);
        inputs().find_map(|input| Self::alone(input, datum, declared)).or_else(room).or_else(|| {
            let (apps, others): (Vec<_>, Vec<_>) =
                inputs().filter_map(by_reference).partition(|ty| declared.is_app(&ty.elem));
            others.first().filter(|_| !apps.is_empty()).map(|ty| Self::Stranger(ty))
        })
    }

    fn alone(input: &'a PatType, datum: Option<&str>, declared: &Declared) -> Option<Self> {
        let ty = ungroup(&input.ty);
        let Type::Reference(reference) = ty else {
            return match ty {
                _ if is_foreign(input) => Some(Self::Foreign(input)),
                _ if declared.is_app(ty) => Some(Self::App(&input.ty)),
                // A message may be called `Handshake`, which has no type argument.
                _ if is_extractor(ty) && !is_named(ty, "Handshake") => Some(Self::Extractor(input)),
                _ => None,
            };
        };
        match &*reference.elem {
            // If the struct is not known, it may be the app.
            _ if reference.mutability.is_some() || !declared.is_known => None,
            elem if declared.may_be_app(elem) => None,
            elem if declared.is_state(elem) => Some(Self::State(&input.ty)),
            elem if is_extractor(elem) => Some(Self::Extractor(input)),
            elem if datum.is_some_and(|datum| is_named(elem, datum)) => Some(Self::Lent(reference)),
            _ => None,
        }
    }

    pub fn report(&self, who: impl Display, usage: &str, errors: &mut Errors) {
        match self {
            Self::State(ty) => errors.at(ty, format_args!("{who} {NO_STATE}"), LEND_STATE),
            Self::App(ty) => {
                errors.at(ty, format_args!("{who} takes the app by reference"), format_args!("write `&{}`", text(ty)));
            }
            Self::Extractor(input) => {
                let ty = match ungroup(&input.ty) {
                    Type::Reference(reference) => &*reference.elem,
                    ty => ty,
                };
                let name = match &*input.pat {
                    Pat::Ident(pat) => pat.ident.to_string(),
                    _ => "name".into(),
                };
                let what = format!("{who} takes no `{}`: it is made from the handshake, once, for a field", text(ty));
                let remedy = format!("write `#[extract] {name}: {}` in the struct, and `self.{name}` here", text(ty));
                errors.at(&input.ty, what, remedy);
            }
            Self::Foreign(input) => {
                let ty = ungroup(&input.ty);
                let inner = last_segment(ty).and_then(first_type).map_or_else(|| "..".into(), text);
                let remedy = match last_segment(ty).map(|segment| segment.ident.to_string()).as_deref() {
                    Some("State" | "Extension") => format!("the app is lent: name it on the struct, `app = {inner}`, and take `app: &{inner}`"),
                    Some("Json") => format!("what comes by value is the message: take `m: {inner}`"),
                    Some("Path") => "a parameter of the path, `:name`, is a field of the struct: read `self.name`".into(),
                    _ => "what is made from the handshake is a field of the struct, marked `#[extract]`: read `self.name`".into(),
                };
                errors.at(input, format_args!("{who} takes no `{}`", text(ty)), remedy);
            }
            Self::Room(ty) => {
                let remedy = "take `socket: &Socket<Self>`, and write `socket.room()`";
                errors.at(ty, format_args!("{who} takes the socket, which has the room"), remedy);
            }
            Self::Lent(ty) => {
                errors.at(ty, format_args!("{who} takes its `{}` by value", text(&ty.elem)), usage);
            }
            Self::Stranger(ty) => {
                errors.at(ty, format_args!("{who} takes no `&{}`", text(&ty.elem)), usage);
            }
        }
    }
}

/// A message with the name of such an extractor has no type argument.
fn is_foreign(input: &PatType) -> bool {
    const NAMES: [&str; 7] = ["State", "Extension", "Json", "Path", "Query", "TypedHeader", "ConnectInfo"];
    let Pat::TupleStruct(pat) = &*input.pat else { return false };
    let is_generic = last_segment(ungroup(&input.ty)).and_then(first_type).is_some();
    is_generic && pat.path.segments.last().is_some_and(|segment| NAMES.iter().any(|name| segment.ident == name))
}

fn by_reference(input: &PatType) -> Option<&TypeReference> {
    reference(input).filter(|reference| !is_named(&reference.elem, "Socket") && !is_named(&reference.elem, "Room"))
}

fn reference(input: &PatType) -> Option<&TypeReference> {
    match ungroup(&input.ty) {
        Type::Reference(reference) if reference.mutability.is_none() => Some(reference),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;

    fn found(app: Option<&str>, inputs: TokenStream) -> &'static str {
        let sig: Signature = syn::parse_quote!(fn f(#inputs));
        let of = if sig.receiver().is_some() { Owner::Connection } else { Owner::Room };
        match Misplaced::find(&sig, of, Some("Close"), &Declared::known(app, Some("Table"))) {
            Some(Misplaced::State(_)) => "state",
            Some(Misplaced::App(_)) => "app",
            Some(Misplaced::Extractor(_)) => "extractor",
            Some(Misplaced::Lent(_)) => "lent",
            Some(Misplaced::Room(_)) => "room",
            Some(Misplaced::Foreign(_)) => "foreign",
            Some(Misplaced::Stranger(_)) => "stranger",
            None => "none",
        }
    }

    #[test]
    fn what_can_only_be_a_mistake_is_found() {
        for (inputs, expected) in [
            (quote!(&self, s: &Socket<Self>, app: &App), "none"),
            (quote!(room: &Room<Self>, state: Table, app: &App), "none"),
            (quote!(&self, m: Say, s: &Socket<Self>, app: &Arc<App>), "none"),
            (quote!(room: &Room<Self>, other: &Other), "none"),
            (quote!(state: &mut Table), "none"),
            (quote!(m: Say, close: Close), "none"),
            (quote!(m: Handshake), "none"),
            (quote!(room: &Room<Self>, state: &Table), "state"),
            (quote!(app: App), "app"),
            (quote!(app: std::sync::Arc<App>), "app"),
            (quote!(user: Option<Auth<User>>), "extractor"),
            (quote!(handshake: &Handshake), "extractor"),
            (quote!(&mut self, State(app): State<App>, m: Say), "foreign"),
            (quote!(&mut self, axum::extract::Query(f): axum::extract::Query<Filter>), "foreign"),
            (quote!(&mut self, Query(filter): Query), "none"),
            (quote!(&mut self, messages::State(state): messages::State, app: &App), "none"),
            (quote!(&mut self, Say { text }: Say), "none"),
            (quote!(close: &Close), "lent"),
            (quote!(&mut self, room: &Room<Self>), "room"),
            (quote!(key: &u32, app: &App), "stranger"),
            (quote!(app: &App, key: &u32), "stranger"),
        ] {
            assert_eq!(found(Some("App"), inputs.clone()), expected, "{inputs}");
        }
    }

    #[test]
    fn what_is_the_app_is_no_mistake_whatever_else_it_is() {
        assert_eq!(found(Some("Table"), quote!(app: &Table)), "none");
        assert_eq!(found(Some("Arc<Table>"), quote!(app: &Table)), "none");
        assert_eq!(found(Some("TableApp"), quote!(app: &Table)), "state");
        assert_eq!(found(Some("Close"), quote!(app: &Close)), "none");
        assert_eq!(found(Some("Handshake"), quote!(app: &Handshake)), "none");
        assert_eq!(found(None, quote!(one: &One, other: &Other)), "none");
        let sig = syn::parse_quote!(fn f(app: &Close));
        assert!(
            Misplaced::find(&sig, Owner::Connection, Some("Close"), &Declared::default()).is_none(),
            "of a struct that is not known"
        );
    }
}
