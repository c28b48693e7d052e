//! What a channel's struct has named, its app and the state of its rooms, for the words of its impl block's errors: they show the
//! signature to write with the user's own types in it.
//!
//! The structs that were expanded before are remembered. Where that of a block can't be told among them, or comes later, the words are
//! those of the documentation.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Ident, Span};
use syn::{FnArg, Signature, Type, TypeReference};

use super::route::Route;
use crate::spans::{is_named, text, ungroup};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Of a struct that is known; nothing where it names none.
    pub app: Option<String>,
    pub room_state: Option<String>,
    is_known: bool,
}

struct Seen {
    name: String,
    file: PathBuf,
    line: usize,
    declared: Declared,
}

static SEEN: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

/// For the impl block of this struct.
pub fn remember(route: &Route) {
    let Some((file, line)) = place(route.name.span()) else { return };
    let [app, room_state] = [&route.app, &route.room_state].map(|ty| ty.as_ref().map(text));
    let (name, declared) = (route.name.to_string(), Declared { app, room_state, is_known: true });
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    // An editor's server expands a struct many times.
    seen.retain(|other| other.name != name || other.file != file || other.line != line);
    seen.push(Seen { name, file, line, declared });
}

fn place(span: Span) -> Option<(PathBuf, usize)> {
    // In a unit test there is no compiler to ask.
    if !proc_macro::is_available() {
        return None;
    }
    let span = span.unwrap();
    Some((span.local_file()?, span.line()))
}

impl Declared {
    /// What the struct of the block for this name says: the one that stands above it, or the only one of that name.
    pub fn of(name: &Ident) -> Self {
        let Some((file, line)) = place(name.span()) else { return Self::default() };
        let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        nearest(&seen, &name.to_string(), &file, line)
    }

    /// The app as a hook's last argument.
    pub fn app_argument(&self) -> String {
        match (&self.app, self.is_known) {
            (Some(app), _) => format!(", app: &{app}"),
            (None, true) => String::new(),
            (None, false) => ", app: &App".into(),
        }
    }

    /// The state of a room, and behind a signature with it, where that comes from.
    pub fn state(&self) -> (&str, &str) {
        match (&self.room_state, self.is_known) {
            (Some(state), _) => (state, ""),
            (None, true) => ("State", ", with `room_state = State` on the struct"),
            (None, false) => ("State", ", with the `room_state` of the struct"),
        }
    }

    /// The first argument by reference that can only be a mistake.
    pub fn misplaced<'a>(&self, sig: &'a Signature) -> Option<Misplaced<'a>> {
        let written =
            |named: &Option<String>, ty: &TypeReference| named.as_ref().is_some_and(|name| *name == text(&ty.elem));
        let references: Vec<(&Type, &TypeReference)> = sig.inputs.iter().filter_map(by_reference).collect();
        let state = references.iter().find(|(_, ty)| written(&self.room_state, ty) && self.app != self.room_state);
        if let Some((ty, _)) = state {
            return Some(Misplaced::State(ty));
        }
        let (apps, others): (Vec<_>, Vec<_>) = references.into_iter().partition(|(_, ty)| written(&self.app, ty));
        others.first().filter(|_| !apps.is_empty()).map(|(ty, _)| Misplaced::Stranger(ty))
    }
}

/// An argument by reference that is neither the app nor the socket or the room.
#[derive(Clone, Copy)]
pub enum Misplaced<'a> {
    /// It is written as the room's state.
    State(&'a Type),
    /// It stands beside the app.
    Stranger(&'a Type),
}

/// Behind who takes it.
pub const NO_STATE: &str = "is not given the room's state: that is lent for a moment, under a lock";

/// How it is had instead.
pub const LEND_STATE: &str = "take `socket: &Socket<Self>`, and write `socket.room().with(|state, room| ..)`";

fn by_reference(input: &FnArg) -> Option<(&Type, &TypeReference)> {
    let FnArg::Typed(input) = input else { return None };
    let Type::Reference(reference) = ungroup(&input.ty) else { return None };
    let is_ours = is_named(&reference.elem, "Socket") || is_named(&reference.elem, "Room");
    (!is_ours && reference.mutability.is_none()).then_some((&*input.ty, reference))
}

fn nearest(seen: &[Seen], name: &str, file: &Path, line: usize) -> Declared {
    let of_name = || seen.iter().filter(|seen| seen.name == name);
    let above = of_name().filter(|seen| seen.file == *file && seen.line <= line).max_by_key(|seen| seen.line);
    let mut all = of_name();
    let only = all.next().filter(|_| all.next().is_none());
    above.or(only).map(|seen| seen.declared.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn seen(file: &str, line: usize, app: &str) -> Seen {
        let declared = Declared { app: Some(app.into()), room_state: None, is_known: true };
        Seen { name: "Game".into(), file: file.into(), line, declared }
    }

    fn app(seen: &[Seen], file: &str, line: usize) -> Option<String> {
        nearest(seen, "Game", file.as_ref(), line).app
    }

    #[test]
    fn a_block_s_struct_stands_above_it_or_is_the_only_one() {
        let two = [seen("a.rs", 10, "A"), seen("a.rs", 50, "B")];
        assert_eq!(app(&two, "a.rs", 20), Some("A".into()));
        assert_eq!(app(&two, "a.rs", 60), Some("B".into()));
        assert_eq!(app(&two, "b.rs", 60), None, "either");
        assert_eq!(app(&two[..1], "b.rs", 1), Some("A".into()));
        assert_eq!(app(&[], "a.rs", 1), None);
        assert_eq!(nearest(&two, "Chat", "a.rs".as_ref(), 60), Declared::default());
    }

    #[test]
    fn a_signature_shows_what_the_struct_names() {
        let of = |app: Option<&str>, state: Option<&str>, is_known| {
            let [app, room_state] = [app, state].map(|ty| ty.map(str::to_owned));
            let declared = Declared { app, room_state, is_known };
            (declared.app_argument(), declared.state().0.to_owned())
        };
        assert_eq!(of(Some("Db"), Some("Table"), true), (", app: &Db".into(), "Table".into()));
        assert_eq!(of(None, None, true), ("".into(), "State".into()), "there is no app");
        assert_eq!(of(None, None, false), (", app: &App".into(), "State".into()), "there may be one");
    }

    #[test]
    fn what_is_by_reference_and_not_the_app_is_found() {
        let misplaced = |app: Option<&str>, inputs: proc_macro2::TokenStream| {
            let declared = Declared { app: app.map(str::to_owned), room_state: Some("Table".into()), is_known: true };
            match declared.misplaced(&syn::parse_quote!(fn f(#inputs))) {
                Some(Misplaced::State(ty)) => format!("state {}", text(ty)),
                Some(Misplaced::Stranger(ty)) => format!("stranger {}", text(ty)),
                None => "none".into(),
            }
        };
        for (inputs, found) in [
            (quote!(&self, s: &Socket<Self>, app: &App), "none"),
            (quote!(room: &Room<Self>, state: Table, app: &App), "none"),
            (quote!(room: &Room<Self>, other: &Other), "none"),
            (quote!(state: &mut Table), "none"),
            (quote!(room: &Room<Self>, state: &Table), "state &Table"),
            (quote!(key: &u32, app: &App), "stranger &u32"),
            (quote!(app: &App, key: &u32), "stranger &u32"),
        ] {
            assert_eq!(misplaced(Some("App"), inputs), found);
        }
        assert_eq!(misplaced(Some("Table"), quote!(app: &Table)), "none", "what is both is the app");
        assert_eq!(misplaced(None, quote!(one: &One, other: &Other)), "none");
    }
}
