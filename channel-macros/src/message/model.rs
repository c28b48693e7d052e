//! The model of a message.

use proc_macro2::TokenStream;
use syn::{Ident, ItemStruct, LitStr};

use crate::syntax::runtime_path::Runtime;

pub struct Message {
    pub item: ItemStruct,
    /// `None` after an error.
    pub wire_type: Option<LitStr>,
    pub user_derives: bool,
    /// Its `MessageShape`, which `describe` writes while it reads the fields.
    pub shape: TokenStream,
    pub validation: Option<Validation>,
    pub runtime: Runtime,
}

/// `validate`: the message has rules, which are checked before its handler runs.
pub struct Validation {
    pub at: Ident,
    /// Fields whose key on the wire is not their name, with the key.
    pub renamed: Vec<(String, String)>,
}
