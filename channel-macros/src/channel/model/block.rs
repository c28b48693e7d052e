//! The model of a channel's impl block: handlers, hooks, notices, and the messages that it sends.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Attribute, Type};

use super::call::Call;
use super::handler::Handler;
use super::hook::{Hook, HookKind};
use crate::syntax::runtime_path::Runtime;

pub struct Channel {
    pub name: Ident,
    pub self_ty: Type,
    pub handlers: Vec<Handler>,
    pub hooks: Vec<Hook>,
    pub notices: Vec<Notice>,
    pub sends: Vec<Sent>,
    pub sends_bytes: Vec<Raw>,
    pub sends_text: Vec<Raw>,
    /// `None` for the framework's own.
    pub envelope: Option<Type>,
    pub unmarked: Vec<Unmarked>,
    /// The struct was expanded before without an error, and looks `Send`.
    pub struct_is_sound: bool,
    /// Errors that hold where all of these `cfg`s do.
    pub conditional: Vec<(Vec<Attribute>, syn::Error)>,
    pub runtime: Runtime,
}

/// `Text` or `Bytes` in `sends(..)`: what may be sent as it is.
pub struct Raw {
    pub cfgs: Vec<Attribute>,
    pub ty: Type,
}

pub struct Sent {
    pub cfgs: Vec<Attribute>,
    pub ty: Type,
    pub variant: Ident,
}

pub struct Notice {
    pub cfgs: Vec<Attribute>,
    pub ty: Type,
    /// `#[notice(here)]`: it is for connections of its own node alone.
    pub is_here: bool,
    pub call: Call,
}

/// A plain method in the form of a handler, which is an error if its argument is a message.
pub struct Unmarked {
    pub cfgs: Vec<Attribute>,
    pub name: Ident,
    pub ty: Type,
}

impl Channel {
    pub fn name_from_client(&self) -> Ident {
        format_ident!("{}FromClient", self.name)
    }

    pub fn name_to_client(&self) -> Ident {
        format_ident!("{}ToClient", self.name)
    }

    pub fn hook(&self, kind: HookKind) -> impl Iterator<Item = &Hook> {
        self.hooks.iter().filter(move |hook| hook.kind == kind)
    }
}
