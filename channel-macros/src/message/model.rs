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
    pub class: Option<Class>,
    pub runtime: Runtime,
}

/// The class of what is not reliable.
pub enum Class {
    Volatile,
    Latest(Latest),
}

/// `latest(key = symbol, every = "100ms")`.
pub struct Latest {
    /// `None` if it has none.
    pub key: Option<Key>,
    /// In milliseconds; 0 if there is none.
    pub every: u32,
}

/// The field whose values are apart.
pub struct Key {
    pub field: Ident,
    /// As it is written.
    pub name: String,
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
