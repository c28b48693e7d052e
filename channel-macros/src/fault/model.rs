//! The model of an error type: plain structs that hold the user's tokens.

use proc_macro2::{Ident, TokenStream};
use syn::{Generics, LitStr, Member, Type};

use crate::syntax::runtime_path::Runtime;

pub struct ErrorType {
    pub name: Ident,
    /// Lifetimes alone.
    pub generics: Generics,
    pub cases: Vec<Case>,
    pub runtime: Runtime,
}

/// A variant, or the struct itself.
pub struct Case {
    /// `BidError::TooLow`
    pub path: TokenStream,
    pub name: Ident,
    pub outcome: Outcome,
}

pub enum Outcome {
    Fault(Box<Declared>),
    /// The fault that the field becomes.
    Transparent(Inner),
    /// A failure of the server, which the field explains to the log alone.
    Internal(Inner),
}

pub struct Inner {
    pub member: Member,
    pub ty: Type,
}

pub struct Declared {
    pub code: LitStr,
    pub message: Message,
    pub docs: String,
    pub details: Details,
    /// Those of the message and the details.
    pub bound: Vec<Bound>,
}

pub struct Bound {
    pub member: Member,
    pub local: Ident,
}

pub enum Message {
    /// The literal as written, with the names in it bound to locals.
    Format { written: LitStr, format: LitStr, arguments: Vec<(Ident, Ident)> },
    /// The text of thiserror's `#[error("..")]`, as the type's `Display` writes it.
    Display(LitStr),
}

pub enum Details {
    None,
    /// Their keys and locals.
    Fields {
        fields: Vec<(String, Ident)>,
        description: TokenStream,
    },
    Whole {
        local: Ident,
        description: TokenStream,
    },
}

impl Message {
    pub fn written(&self) -> &LitStr {
        match self {
            Self::Format { written, .. } | Self::Display(written) => written,
        }
    }
}
