//! The model of a channel: plain structs that hold the user's tokens. Parts with an error may be missing.

mod block;
mod call;
mod handler;
mod hook;
mod route;

pub use self::block::{Channel, Notice, Raw, Sent, Unmarked};
pub use self::call::{Argument, Call, Owner};
pub use self::handler::{Batch, Handler, HandlerOptions, Payload};
pub use self::hook::{Hook, HookKind};
pub use self::route::{
    Bounds, History, OfBlock, OtherField, Otherwise, Param, Presence, RoomKind, Route, Source, Subprotocols,
};
