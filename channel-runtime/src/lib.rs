//! Typed real-time channels over WebSockets: *the struct says where, the messages say what, the impl says how.*
//!
//! ```
//! # #[cfg(feature = "server")] mod example {
//! use channel_runtime::{Fault, Socket, channel, channels, message};
//!
//! #[message(type = "say")]
//! pub struct Say { text: String }
//!
//! #[message(type = "said")]
//! pub struct Said { text: String }
//!
//! #[channel("/chat/:room")]
//! pub struct Chat { room: String }
//!
//! #[channel(sends(Said))]
//! impl Chat {
//!     #[message]
//!     async fn say(&mut self, say: Say, socket: &Socket<Self>) -> Result<(), Fault> {
//!         if say.text.is_empty() {
//!             return Err(Fault::validation("say something"));
//!         }
//!         socket.room().send(Said { text: say.text });
//!         Ok(())
//!     }
//! }
//!
//! # async fn serve() -> std::io::Result<()> {
//! channels![Chat].app(()).serve("127.0.0.1:3030").await
//! # }
//! # }
//! ```
//!
//! A client of `/chat/lounge` says `{"type":"say","text":"hello"}`, and everybody there hears
//! `{"type":"said","text":"hello"}`.
//!
//! # Where to read on
//!
//! - [`macro@channel`]: paths, fields, handlers and hooks; [`macro@message`]: what travels; [`channels!`]: the list.
//! - [`Socket`], [`Audience`], [`Hub`], [`Room`]: sending, from a handler and from outside; [`NoticeFor`]: telling a handler.
//! - [`Reply`], [`Success`], [`Fault`], [`Answer`], [`Deferred`]: what a message is answered with.
//! - [`Extract`], [`Handshake`], [`Reject`]: before the upgrade; [`Auth`], [`Authenticate`], [`Token`]: who is asking.
//! - [`Server`], [`Bound`], [`Listener`], [`Service`]: serving alone, over TLS, or as part of another server.
//! - [`Config`], [`Rate`], [`PeerAddr`]: bounds; [`Origins`]: which web pages may connect; [`Proxies`]: whom they speak for;
//!   [`Refusals`]: how a client is refused.
//! - [`describe`]: the channels as data, and the lock that makes a change of the wire an error until it is accepted.
//! - [`testing`]: typed clients in the test's own process.
//!
//! # On the wire
//!
//! A message is one JSON object: `{"type":"move","ref":7,"from":"e2","to":"e4"}`. The keys `type`, `ref` and all that begin with
//! `$` are the protocol's, and so are the types `success`, `error` and all that begin with `$`. A message with a `ref`, a string
//! of at most 64 bytes or a 64-bit integer (`null` is none, and `7.0` is 7), has exactly one answer with the same `ref`: the message that its handler returned,
//! or `{"type":"success","ref":7}`, or `{"type":"error","ref":7,"code":"..","message":"..","timestamp":".."}`. A frame of a room
//! other than the path's own names it in `"$room"`. `{"type":"$auth_expiring","in_ms":60000}` tells a client that what it was
//! let in with ends, and `{"type":"$auth","ref":8,"token":".."}` renews it: see [`macro@channel`]. What a client says wrong is
//! answered and closes nothing, but for violations of the WebSocket protocol and messages over the size limit.
//!
//! # Compression
//!
//! With the feature `deflate`, [`Config`] has `compression`: messages are compressed, both ways, with the clients that offer
//! permessage-deflate (RFC 7692), as browsers do. It is off until it is set there. What is sent to a room is compressed once for
//! all its members, what is short not at all, and what clients send never inflates to more than a message may be.
//!
//! # Features
//!
//! `server`, on by default, is all that needs a socket. `tls`, off, is `Bound::tls`, by rustls. `deflate`, off, is
//! `Config::compression`. `jwt`, off, has the extractor `Jwt`: claims of JSON Web Tokens, over `jsonwebtoken`. `garde`,
//! off, is `#[message(.., validate)]`.
//!
//! # Without a server
//!
//! With `default-features = false` there are messages, their codec and [`Received`] alone, without tokio and warp: for clients
//! in Rust, in a browser too. `#[channel]` needs the server; a client names the two halves of a channel by implementing
//! [`Protocol`] and [`Messages`] for types of its own.

mod checks;
mod codec;
mod const_text;
pub mod describe;
mod escaped;
mod fault;
mod message;
#[doc(hidden)]
pub mod private;
mod validation;

pub use channel_macros::message;
#[cfg(feature = "server")]
pub use channel_macros::{channel, channels};
pub use codec::{DecodeError, EncodeError, InvalidField, Received, ReceivedBody};
pub use fault::Fault;
#[cfg(feature = "garde")]
#[doc(no_inline)]
pub use garde;
pub use message::{Message, Messages, Protocol, Ref, Success};

#[cfg(feature = "server")]
mod activity;
#[cfg(feature = "server")]
mod answer;
#[cfg(feature = "server")]
mod arrival;
#[cfg(feature = "server")]
mod audience;
#[cfg(feature = "server")]
mod authenticate;
#[cfg(feature = "server")]
mod authority;
#[cfg(feature = "server")]
mod batch;
#[cfg(feature = "server")]
mod begun;
#[cfg(feature = "server")]
mod bound;
#[cfg(feature = "server")]
mod bounds;
#[cfg(feature = "server")]
mod by_connection;
#[cfg(feature = "server")]
mod channel;
#[cfg(feature = "server")]
mod channels;
#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod coming;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod connection;
#[cfg(feature = "server")]
mod contained;
#[cfg(feature = "server")]
mod counts;
#[cfg(feature = "server")]
mod deferred;
#[cfg(feature = "server")]
mod door;
#[cfg(feature = "server")]
mod ending;
#[cfg(feature = "server")]
mod exchange;
#[cfg(feature = "server")]
mod expiry;
#[cfg(feature = "server")]
mod filter;
#[cfg(feature = "server")]
mod first_state;
#[cfg(feature = "server")]
mod flusher;
#[cfg(feature = "server")]
mod foreign;
#[cfg(feature = "server")]
mod forwarded;
#[cfg(all(feature = "server", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "server")]
mod given;
#[cfg(feature = "server")]
mod halves;
#[cfg(feature = "server")]
mod handshake;
#[cfg(feature = "server")]
mod header_list;
#[cfg(feature = "server")]
mod health;
#[cfg(feature = "server")]
mod heartbeat;
#[cfg(feature = "server")]
mod holding;
#[cfg(feature = "server")]
mod hub;
#[cfg(feature = "server")]
mod identity;
#[cfg(feature = "server")]
mod intake;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "server")]
mod link;
#[cfg(feature = "server")]
mod listener;
#[cfg(feature = "server")]
mod lock;
#[cfg(feature = "server")]
mod mask;
#[cfg(feature = "server")]
mod members;
#[cfg(feature = "server")]
mod moment;
#[cfg(feature = "server")]
mod notice;
#[cfg(feature = "server")]
mod opening;
#[cfg(feature = "server")]
mod origin;
#[cfg(feature = "server")]
mod outbox;
#[cfg(feature = "server")]
mod overlap;
#[cfg(feature = "server")]
mod owed;
#[cfg(feature = "server")]
mod pace;
#[cfg(feature = "server")]
mod path;
#[cfg(feature = "server")]
mod place;
#[cfg(feature = "server")]
mod proxies;
#[cfg(feature = "server")]
mod queue;
#[cfg(feature = "server")]
mod quota;
#[cfg(feature = "server")]
mod rate;
#[cfg(feature = "server")]
mod refusals;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
mod reject;
#[cfg(feature = "server")]
mod reply;
#[cfg(feature = "server")]
mod revocations;
#[cfg(feature = "server")]
mod room;
#[cfg(feature = "server")]
mod seldom;
#[cfg(feature = "server")]
mod sent;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod session;
#[cfg(feature = "server")]
mod share;
#[cfg(feature = "server")]
mod signals;
#[cfg(feature = "server")]
mod socket;
#[cfg(feature = "server")]
mod spans;
#[cfg(feature = "server")]
mod stage;
#[cfg(feature = "server")]
mod stated;
#[cfg(feature = "server")]
mod target;
#[cfg(feature = "server")]
pub mod testing;
#[cfg(feature = "server")]
mod text_frame;
#[cfg(feature = "server")]
mod throttle;
#[cfg(feature = "server")]
mod timed;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "server")]
mod token;
#[cfg(feature = "server")]
mod turn;
#[cfg(feature = "server")]
mod unread;
#[cfg(feature = "server")]
mod user_name;
#[cfg(feature = "server")]
mod wire;

#[cfg(feature = "server")]
pub use server::*;

#[cfg(feature = "server")]
mod server {
    pub use crate::answer::Answer;
    pub use crate::audience::{
        Audience, IsOneRoom, IsOwnRoom, IsSeveral, Many, OneConnection, OneRoom, OwnRoom, RoomView,
    };
    pub use crate::authenticate::{Auth, Authenticate, TokenSource};
    pub use crate::batch::Batched;
    pub use crate::bound::Bound;
    pub use crate::channel::{Channel, Route, SendsBytes, SentBy, ServedBy};
    pub use crate::channels::{Channels, StandsFor, Users};
    pub use crate::config::Config;
    pub use crate::connection::{ConnectionId, ParseConnectionIdError};
    pub use crate::deferred::{Deferred, TypedAnswer};
    pub use crate::filter::PeerAddr;
    pub use crate::handshake::{Extract, Handshake};
    pub use crate::health::{Health, Stats};
    pub use crate::hub::{Hub, User};
    pub use crate::identity::{Anonymous, HasUsers, Identity};
    #[cfg(feature = "jwt")]
    pub use crate::jwt::{InvalidJwtKey, Jwt, JwtKey, JwtKeySet, JwtKeys};
    pub use crate::listener::Listener;
    pub use crate::notice::NoticeFor;
    pub use crate::origin::{InvalidOrigin, Origins};
    pub use crate::path::{FromPath, Params, Path, Segment};
    pub use crate::proxies::{InvalidProxy, Proxies};
    pub use crate::rate::{InvalidRate, Rate};
    pub use crate::refusals::Refusals;
    pub use crate::reject::Reject;
    pub use crate::reply::{IntoFault, Reply};
    pub use crate::room::{Room, RoomKind, RoomOf};
    pub use crate::sent::Sent;
    pub use crate::serve::Server;
    pub use crate::service::Service;
    pub use crate::socket::Socket;
    pub use crate::text_frame::timestamp;
    pub use crate::token::Token;
    pub use crate::user_name::{UserName, UserOf};
    pub use crate::wire::close::{Close, CloseCode, ClosedBy, InvalidCloseCode};
    #[cfg(feature = "deflate")]
    pub use crate::wire::deflate::Compression;
    #[doc(no_inline)]
    pub use bytes::{self, Bytes};
    #[doc(no_inline)]
    pub use http;
    #[cfg(feature = "tls")]
    #[doc(no_inline)]
    pub use tokio_rustls::rustls;
}

/// The README's program compiles.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../README.md")]
struct Readme;
