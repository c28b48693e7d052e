//! The model of a message.

use proc_macro2::TokenStream;
use syn::{Ident, ItemStruct, LitStr, Type};

use crate::syntax::runtime_path::Runtime;

pub struct Message {
    pub item: ItemStruct,
    /// `None` after an error.
    pub form: Option<Form>,
    pub user_derives: bool,
    /// Its `MessageShape`, which `describe` writes while it reads the fields.
    pub shape: TokenStream,
    pub validation: Option<Validation>,
    /// What a client answers to it. `None` if it is no question.
    pub answer: Option<Type>,
    /// The word `volatile`.
    pub is_volatile: bool,
    pub runtime: Runtime,
}

/// How a message travels.
pub enum Form {
    /// As a JSON object of this type.
    Text(LitStr),
    Binary(Box<Binary>),
}

pub struct Binary {
    /// The type for logs and descriptions, such as `(binary 1) pixel`.
    pub wire_type: LitStr,
    /// The first byte.
    pub kind: u8,
    /// `None` if the struct has functions of its own, `from_bytes` and `to_bytes`.
    pub codec: Option<Type>,
}

/// `validate`: the message has rules, which are checked before its handler runs.
pub struct Validation {
    pub at: Ident,
    /// Fields whose key on the wire is not their name, with the key.
    pub renamed: Vec<(String, String)>,
}
