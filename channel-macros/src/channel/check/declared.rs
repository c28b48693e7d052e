//! What a channel's struct has named, its app and the state of its rooms, for the words of its impl block's errors: they show the
//! signature to write with the user's own types in it.
//!
//! The structs that were expanded before are remembered. Where that of a block does not stand above it in the same module, or the source
//! between them can't be had, nothing is known, and the words are those of the documentation.

use std::sync::{Mutex, PoisonError};

use proc_macro2::Ident;
use syn::Type;

use crate::channel::model::Route;
use crate::syntax::expanded_before::{Place, is_sibling};
use crate::syntax::types::{arc, text};

/// Of a struct that is known, else nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub app: Option<String>,
    pub room_state: Option<String>,
    /// What it lists in a `sends(..)` that belongs to the block.
    pub misplaced_sends: Option<String>,
    pub is_known: bool,
    /// Whether it is known, has all that a channel's struct needs, and no field of a type that is seldom `Send`.
    pub looks_sound: bool,
}

static STRUCTS: Mutex<Vec<(String, Place, Declared)>> = Mutex::new(Vec::new());

/// For the impl block of this struct; `is_whole` where nothing is wrong with it.
pub fn remember(route: &Route, is_whole: bool) {
    let Some(place) = Place::of(route.name.span()) else { return };
    let [app, room_state] = [&route.app, &route.room_state].map(|ty| ty.as_ref().map(text));
    let (name, misplaced_sends) = (route.name.to_string(), route.misplaced_sends.clone());
    let looks_sound = is_whole
        && !route
            .params
            .iter()
            .map(|param| &param.ty)
            .chain(route.fields.iter().map(|field| &field.ty))
            .any(is_seldom_send);
    let mut declared = Declared { app, room_state, misplaced_sends, is_known: true, looks_sound };
    let mut structs = STRUCTS.lock().unwrap_or_else(PoisonError::into_inner);
    structs.retain(|(other, at, earlier)| {
        let is_there = *other == name && *at == place;
        if is_there && *earlier != declared {
            // A `macro_rules!` makes several of them there, or it has changed in an editor: which one a block's is can't be told.
            declared = Declared::default();
        }
        !is_there
    });
    structs.push((name, place, declared));
}

/// As far as names tell.
fn is_seldom_send(ty: &Type) -> bool {
    let names = ["Rc", "Weak", "NonNull", "dyn", "MutexGuard", "RwLockReadGuard", "RwLockWriteGuard", "Ref", "RefMut"];
    let text = text(ty);
    text.contains('*')
        || text.split(|char: char| !char.is_alphanumeric() && char != '_').any(|name| names.contains(&name))
}

impl Declared {
    /// What the struct says that the impl block for this name belongs to.
    pub fn of(name: &Ident) -> Self {
        let Some(place) = Place::of(name.span()) else { return Self::default() };
        let name = name.to_string();
        let structs = STRUCTS.lock().unwrap_or_else(PoisonError::into_inner);
        let its_own = structs.iter().rfind(|(other, at, _)| *other == name && is_sibling([at, &place], [&name; 2]));
        its_own.map(|(.., declared)| declared.clone()).unwrap_or_default()
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

    /// Whether a type is written as the app, or as an `Arc` of it.
    pub fn is_app(&self, ty: &Type) -> bool {
        let is = |ty: &Type| self.app.as_ref().is_some_and(|app| *app == text(ty));
        is(ty) || arc(ty).is_some_and(is)
    }

    /// Whether an argument of this type by reference may be the app: also where that is an `Arc` of it, which is followed.
    pub fn may_be_app(&self, ty: &Type) -> bool {
        let is_in =
            |app: &String| app.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == text(ty));
        self.is_app(ty) || self.app.as_ref().is_some_and(is_in)
    }

    /// Whether a type is written as the state of the rooms.
    pub fn is_state(&self, ty: &Type) -> bool {
        self.room_state.as_ref().is_some_and(|state| *state == text(ty))
    }

    #[cfg(test)]
    pub fn known(app: Option<&str>, room_state: Option<&str>) -> Self {
        let [app, room_state] = [app, room_state].map(|ty| ty.map(str::to_owned));
        Self { app, room_state, misplaced_sends: None, is_known: true, looks_sound: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_shows_what_the_struct_names() {
        let of = |app, state, is_known| {
            let declared = Declared { is_known, ..Declared::known(app, state) };
            (declared.app_argument(), declared.state().0.to_owned())
        };
        assert_eq!(of(Some("Db"), Some("Table"), true), (", app: &Db".into(), "Table".into()));
        assert_eq!(of(None, None, true), ("".into(), "State".into()), "there is no app");
        assert_eq!(of(None, None, false), (", app: &App".into(), "State".into()), "there may be one");
    }

    #[test]
    fn types_that_are_seldom_send_are_known_by_name() {
        let is = |ty: &str| is_seldom_send(&syn::parse_str(ty).unwrap());
        for ty in ["Rc<u8>", "Option<std::rc::Rc<str>>", "Box<dyn Fn()>", "*const u8", "MutexGuard<'static, u8>"] {
            assert!(is(ty), "{ty}");
        }
        for ty in ["String", "Arc<u8>", "HashMap<u64, Vec<Card>>", "Auth<User>", "Rcu"] {
            assert!(!is(ty), "{ty}");
        }
    }
}
