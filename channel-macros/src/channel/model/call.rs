//! The call of a user's method: its arguments by role, and its return type.

use proc_macro2::{Ident, Span, TokenStream};
use syn::Type;

pub struct Call {
    pub name: Ident,
    pub is_async: bool,
    pub takes_self: bool,
    pub takes_mut_self: bool,
    pub arguments: Vec<Argument>,
    /// Errors about the answer stand here: the return type, or the method's name if there is none.
    pub output: TokenStream,
    pub returns: Option<Type>,
    /// A missing app is reported here.
    pub app_place: Option<Span>,
}

pub enum Argument {
    /// The message, or the hook's argument by value.
    Datum(Type),
    Socket(Type),
    App(Type),
    Room(Type),
    /// The room's state, which `snapshot` is lent.
    State(Type),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Its methods have a `self`; those of the others are associated functions.
    Connection,
    Room,
    /// The owner of a batch's handler.
    Channel,
}

impl Call {
    pub fn datum(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Datum(ty) => Some(ty),
            _ => None,
        })
    }

    pub fn socket(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Socket(ty) => Some(ty),
            _ => None,
        })
    }

    pub fn app(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::App(ty) => Some(ty),
            _ => None,
        })
    }
}

impl Argument {
    pub fn ty(&self) -> &Type {
        match self {
            Self::Datum(ty) | Self::Socket(ty) | Self::App(ty) | Self::Room(ty) | Self::State(ty) => ty,
        }
    }
}

impl Owner {
    /// Why there is neither a `self` nor a socket, for errors.
    pub fn whose(self) -> &'static str {
        match self {
            Self::Connection => "belongs to a connection",
            Self::Room => "belongs to a room, not to one of its connections",
            Self::Channel => "belongs to all connections of its channel",
        }
    }
}
