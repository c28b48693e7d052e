//! What a channel's struct declares, its app and its rooms' state, for the signatures in the errors of its impl block.
//!
//! Nothing is known if the struct does not stand above its block in the same module, or the source between them can't be read; then
//! errors show the names from the docs.

use std::sync::{Mutex, PoisonError};

use proc_macro2::Ident;
use syn::Type;

use crate::channel::model::{OfBlock, Route};
use crate::syntax::expanded_before::{Place, is_sibling};
use crate::syntax::types::{arc, text};

/// The default if the struct is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub app: Option<String>,
    pub room_state: Option<String>,
    /// What is seen of who is present.
    pub seen: Option<String>,
    pub misplaced: OfBlock,
    pub is_known: bool,
    /// It has no error, and no field whose type is usually not `Send`.
    pub looks_sound: bool,
}

static STRUCTS: Mutex<Vec<(String, Place, Declared)>> = Mutex::new(Vec::new());

/// `is_whole` if the struct has no error.
pub fn remember(route: &Route, is_whole: bool) {
    let Some(place) = Place::of(route.name.span()) else { return };
    let [app, room_state] = [&route.app, &route.room_state].map(|ty| ty.as_ref().map(text));
    let seen = route.presence.as_ref().map(|presence| text(&presence.seen));
    let (name, misplaced) = (route.name.to_string(), route.misplaced.clone());
    let looks_sound = is_whole
        && !route
            .params
            .iter()
            .map(|param| &param.ty)
            .chain(route.fields.iter().map(|field| &field.ty))
            .any(is_seldom_send);
    let mut declared = Declared { app, room_state, seen, misplaced, is_known: true, looks_sound };
    let mut structs = STRUCTS.lock().unwrap_or_else(PoisonError::into_inner);
    structs.retain(|(other, at, earlier)| {
        let is_there = *other == name && *at == place;
        if is_there && *earlier != declared {
            // A `macro_rules!` makes several structs there, or an editor has changed this one: which is the block's is unknown.
            declared = Declared::default();
        }
        !is_there
    });
    structs.push((name, place, declared));
}

fn is_seldom_send(ty: &Type) -> bool {
    let names = ["Rc", "Weak", "NonNull", "dyn", "MutexGuard", "RwLockReadGuard", "RwLockWriteGuard", "Ref", "RefMut"];
    let text = text(ty);
    text.contains('*')
        || text.split(|char: char| !char.is_alphanumeric() && char != '_').any(|name| names.contains(&name))
}

impl Declared {
    pub fn of(name: &Ident) -> Self {
        let Some(place) = Place::of(name.span()) else { return Self::default() };
        let name = name.to_string();
        let structs = STRUCTS.lock().unwrap_or_else(PoisonError::into_inner);
        let its_own = structs.iter().rfind(|(other, at, _)| *other == name && is_sibling([at, &place], [&name; 2]));
        its_own.map(|(.., declared)| declared.clone()).unwrap_or_default()
    }

    pub fn app_argument(&self) -> String {
        match (&self.app, self.is_known) {
            (Some(app), _) => format!(", app: &{app}"),
            (None, true) => String::new(),
            (None, false) => ", app: &App".into(),
        }
    }

    /// The state's type, and a remark on its origin to put behind a signature.
    pub fn state(&self) -> (&str, &str) {
        match (&self.room_state, self.is_known) {
            (Some(state), _) => (state, ""),
            (None, true) => ("State", ", with `room_state = State` on the struct"),
            (None, false) => ("State", ", with the `room_state` of the struct"),
        }
    }

    pub fn seen(&self) -> &str {
        self.seen.as_deref().unwrap_or("Seen")
    }

    pub fn is_app(&self, ty: &Type) -> bool {
        let is = |ty: &Type| self.app.as_ref().is_some_and(|app| *app == text(ty));
        is(ty) || arc(ty).is_some_and(is)
    }

    /// Whether a reference to this type may be the app, which derefs through any wrapper.
    pub fn may_be_app(&self, ty: &Type) -> bool {
        let is_in =
            |app: &String| app.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == text(ty));
        self.is_app(ty) || self.app.as_ref().is_some_and(is_in)
    }

    pub fn is_state(&self, ty: &Type) -> bool {
        self.room_state.as_ref().is_some_and(|state| *state == text(ty))
    }

    #[cfg(test)]
    pub fn known(app: Option<&str>, room_state: Option<&str>) -> Self {
        let [app, room_state] = [app, room_state].map(|ty| ty.map(str::to_owned));
        Self { app, room_state, seen: None, misplaced: OfBlock::default(), is_known: true, looks_sound: true }
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
