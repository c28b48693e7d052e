//! A message as its attribute and struct describe it.

use proc_macro2::TokenStream;
use syn::{Ident, ItemStruct, LitStr};

use crate::syntax::runtime_path::Runtime;

pub struct Message {
    /// The struct as it is emitted.
    pub item: ItemStruct,
    /// `None` if it is missing, which is an error.
    pub wire_type: Option<LitStr>,
    /// The user derives `Serialize` and `Deserialize`.
    pub user_derives: bool,
    /// Its `MessageShape`: `describe` makes it while it reads the fields.
    pub shape: TokenStream,
    /// `None` without `validate`.
    pub validation: Option<Validation>,
    pub runtime: Runtime,
}

/// The message has rules, which are checked before its handler runs.
pub struct Validation {
    /// The word `validate`.
    pub at: Ident,
    /// Fields with another key on the wire than their name, and that key.
    pub renamed: Vec<(String, String)>,
}
