//! The model of a channel's struct: its path, its app, its rooms and its fields.

use syn::{Attribute, Expr, Ident, LitStr, Type, Visibility};

use crate::syntax::path_pattern::Pattern;
use crate::syntax::runtime_path::Runtime;

pub struct Route {
    pub name: Ident,
    pub docs: String,
    pub vis: Visibility,
    pub pattern: Option<Pattern>,
    pub app: Option<Type>,
    pub room_state: Option<Type>,
    /// In milliseconds; `None` for the server's setting.
    pub room_grace: Option<u64>,
    /// The word `each_node`.
    pub each_node: Option<Ident>,
    /// Of the path's room.
    pub history: Option<History>,
    pub presence: Option<Presence>,
    pub bounds: Bounds,
    pub subprotocols: Option<Subprotocols>,
    pub rooms: Vec<RoomKind>,
    /// In the order of the path.
    pub params: Vec<Param>,
    pub fields: Vec<OtherField>,
    pub has_generics: bool,
    pub runtime: Runtime,
    pub misplaced: OfBlock,
}

/// What stands at the struct and belongs to the impl block, which uses it, so that its place is the only error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfBlock {
    /// The content of `sends(..)`.
    pub sends: Option<String>,
    pub envelope: Option<String>,
}

pub struct Param {
    pub name: Ident,
    pub docs: String,
    pub ty: Type,
}

pub struct OtherField {
    pub name: Ident,
    pub ty: Type,
    pub cfgs: Vec<Attribute>,
    pub source: Source,
}

pub enum Source {
    Extract,
    /// `None` for the type's `Default`.
    State(Option<Expr>),
}

pub struct RoomKind {
    pub ty: Type,
    /// The type's name in snake case, with which the room's name begins.
    pub kind: String,
    pub history: Option<History>,
}

/// `history(..)`: how much of what is sent to a room is kept.
pub struct History {
    pub word: Ident,
    pub size: usize,
    pub bytes: usize,
    /// In milliseconds.
    pub age: u64,
    pub recent: usize,
}

/// `presence(..)`: what is seen of who is present, and how it is told.
pub struct Presence {
    pub seen: Type,
    /// In milliseconds.
    pub grace: u64,
    /// In milliseconds.
    pub every: u64,
    pub diffs_up_to: usize,
}

/// The channel's own limits. `None` stands for the server's.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    pub message_bytes: Option<usize>,
    pub outbox_bytes: Option<usize>,
    /// Frames of one connection: how many, in how many seconds, and how many at once.
    pub message_rate: Option<[u32; 3]>,
    pub message_rate_per_user: Option<[u32; 3]>,
}

/// The list `subprotocols(..)`.
pub struct Subprotocols {
    pub names: Vec<LitStr>,
    pub otherwise: Otherwise,
}

/// What happens to a client that offers none of the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    Reject,
    /// `optional`
    Accept,
    /// `close = 4406`
    Close(u16),
}
