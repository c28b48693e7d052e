//! The handler of a message or of a batch, and its options.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Attribute, Ident, LitStr, Type};

use super::call::Call;
use crate::syntax::rate::Limit;
use crate::syntax::types;

pub struct Handler {
    pub cfgs: Vec<Attribute>,
    pub docs: String,
    /// The note of `#[deprecated]`.
    pub deprecated: Option<String>,
    pub variant: Ident,
    pub payload: Payload,
    pub limit: Limit,
    pub options: HandlerOptions,
    pub batch: Option<Batch>,
    pub call: Call,
    /// It takes over its answer with `socket.defer()`, and its return type does not show it.
    pub defers: bool,
}

pub enum Payload {
    Struct(Box<Type>),
    /// The type on the wire of a message without fields.
    Unit(LitStr),
}

#[derive(Default)]
pub struct HandlerOptions {
    /// In milliseconds.
    pub timeout: Option<(Ident, u64)>,
    pub concurrent: Option<(Ident, u32)>,
    /// The word `idempotent`.
    pub idempotent: Option<Ident>,
}

pub struct Batch {
    pub size: usize,
    /// In milliseconds.
    pub wait: u64,
    /// The answer that its handler's signature declares.
    pub answer: Option<Type>,
}

impl Payload {
    pub fn tokens(&self) -> TokenStream {
        match self {
            Self::Struct(ty) => ty.to_token_stream(),
            Self::Unit(literal) => literal.to_token_stream(),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Struct(ty) => types::text(ty),
            Self::Unit(literal) => Self::unit_text(literal),
        }
    }

    pub fn unit_text(literal: &LitStr) -> String {
        format!("{:?}", literal.value())
    }
}

impl HandlerOptions {
    pub fn concurrent(&self) -> Option<&Ident> {
        self.concurrent.as_ref().map(|(name, _)| name)
    }

    /// That of the first option that a batch can't have.
    pub fn of_one_call(&self) -> Option<&Ident> {
        self.timeout.as_ref().map(|(name, _)| name).or(self.concurrent())
    }

    pub fn is_plain(&self) -> bool {
        self.timeout.is_none() && self.concurrent.is_none() && self.idempotent.is_none()
    }
}
