//! Typed real-time channels over WebSockets.
//!
//! What a channel is: [`channel`](mod@channel) (the traits that `#[channel]` implements), `message`, `path`, `reply`, `fault`, and
//! `codec`, which turns JSON into messages and back. From HTTP to a connection: `handshake`, `filter`, `serve`. RFC 6455:
//! `wire`. One connection: `session`, `outbox`. Who is here and who receives: `registry`, `room`, `socket`, `audience`,
//! `hub`. Dependencies point down: the wire knows no channels, the registry no JSON, the macros no runtime types but
//! those in `private`.

mod channel;
mod codec;
mod fault;
mod message;
mod path;
#[doc(hidden)]
pub mod private;

pub use channel::Protocol;
pub use channel_macros::message;
#[cfg(feature = "server")]
pub use channel_macros::{channel, channels};
pub use codec::{DecodeError, EncodeError, Received, ReceivedBody};
pub use fault::Fault;
pub use message::{Message, Messages, Ref, Success};

#[cfg(feature = "server")]
mod activity;
#[cfg(feature = "server")]
mod audience;
#[cfg(feature = "server")]
mod channels;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod connection;
#[cfg(feature = "server")]
mod filter;
#[cfg(feature = "server")]
mod handshake;
#[cfg(feature = "server")]
mod hub;
#[cfg(feature = "server")]
mod link;
#[cfg(feature = "server")]
mod outbox;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
mod reply;
#[cfg(feature = "server")]
mod room;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod session;
#[cfg(feature = "server")]
mod socket;
#[cfg(feature = "server")]
pub mod testing;
#[cfg(feature = "server")]
mod wire;

#[cfg(feature = "server")]
pub use server::*;

#[cfg(feature = "server")]
mod server {
    pub use crate::audience::{Audience, IsOneRoom, Many, OneRoom, OwnRoom, RoomView, Sent};
    pub use crate::channel::{Anonymous, Channel, Identity, RoomKind, RoomOf, Route, SendsBytes, SentBy, ServedBy};
    pub use crate::channels::{Channels, Users};
    pub use crate::config::Config;
    pub use crate::connection::{ConnectionId, ParseConnectionIdError};
    pub use crate::handshake::{Extract, Handshake, Reject};
    pub use crate::hub::{Hub, User};
    pub use crate::path::{FromPath, Params, Path, Segment};
    pub use crate::reply::Reply;
    pub use crate::room::Room;
    pub use crate::serve::{Bound, Server};
    pub use crate::socket::{Answer, Socket, timestamp};
    pub use crate::wire::close::{Close, CloseCode, ClosedBy, InvalidCloseCode};
}
