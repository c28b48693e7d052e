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
//! A client of `/chat/lounge` sends `{"type":"say","text":"hello"}`, and every client there receives
//! `{"type":"said","text":"hello"}`.
//!
//! # Where to read on
//!
//! - [`macro@channel`]: paths, fields, handlers and hooks; [`macro@message`]: messages; [`channels!`]: the list of an app's channels.
//! - [`Socket`], [`Audience`], [`Hub`], [`Room`]: sending, from a handler and from outside; [`NoticeFor`]: values for
//!   a handler.
//! - [`Delivery`]: messages that a client which is behind is not sent.
//! - [`Text`]: texts that are no messages, received and sent as they are.
//! - [`Reply`], [`Success`], [`Fault`](struct@Fault), [`Answer`], [`Deferred`]: the answer to a message;
//!   [`derive(Fault)`](derive@Fault): errors of your own as part of a handler's contract.
//! - [`Extract`], [`Handshake`], [`Reject`]: before the upgrade; [`Auth`], [`Authenticate`], [`Token`]: who the client is.
//! - [`Server`], [`BoundServer`], [`Listener`], [`Service`]: serving alone, over TLS, or as part of another server.
//! - [`Health`], and with the feature `ops` `Ops` and `OpsToken`: a port for operators: whether the server is ready, its numbers, publishing from other programs.
//! - [`Config`], [`Rate`], [`PeerAddr`]: bounds; [`Origins`]: which web pages may connect; [`Proxies`]: which proxies are trusted;
//!   [`Refusals`]: how a client is refused.
//! - `Nats`, `Redis`, `Bus`, `Everywhere`, with the feature `nats` or `redis`: several nodes of one app.
//! - [`describe`]: the channels as data, and the lock that makes a change of the wire an error until it is accepted.
//! - `contract`, with the feature of that name: clients in TypeScript, JSON Schema, AsyncAPI, and a page that
//!   shows and tries the channels, from the description.
//! - [`testing`]: typed clients in the test's own process.
//!
//! # On the wire
//!
//! A message is one JSON object: `{"type":"move","ref":7,"from":"e2","to":"e4"}`. The keys `type`, `ref` and all that begin with
//! `$` are the protocol's, and so are the types `success`, `error` and all that begin with `$`. A message with a `ref`, a string
//! of at most 64 bytes or a 64-bit integer (`null` counts as no `ref`, and `7.0` as 7), has exactly one answer with the same `ref`:
//! the message that its handler returned, or `{"type":"success","ref":7}`, or
//! `{"type":"error","ref":7,"code":"..","message":"..","timestamp":".."}`. A frame to a room other than the path's own names that
//! room in `"$room"`. `{"type":"$auth_expiring","in_ms":60000}` warns a client that its token expires, and
//! `{"type":"$auth","ref":8,"token":".."}` renews it: see [`macro@channel`]. A wrong message is answered by an error and does not
//! close the connection. Violations of the WebSocket protocol and messages over the size limit do.
//!
//! # Compression
//!
//! With the feature `deflate`, [`Config`] has `compression`: messages are compressed, both ways, for clients that offer
//! permessage-deflate (RFC 7692), as browsers do. It is off until it is set there. A message to a room is compressed once for all its
//! members, and a short one not at all. A client's message never inflates to more than the size limit.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `server` | on | everything that needs a socket |
//! | `tls` | off | `BoundServer::tls`, by rustls |
//! | `deflate` | off | `Config::compression` |
//! | `jwt` | off | the extractor `Jwt`: claims of JSON Web Tokens, by `jsonwebtoken` |
//! | `contract` | off | the module `contract`: a client in TypeScript, JSON Schema, AsyncAPI and a page, from the description |
//! | `garde` | off | `#[message(.., validate)]` |
//! | `client` | off | `Asks` for each message, which the crate `channel-client` needs |
//! | `metrics` | off | `Health::record`, for the facade `metrics` |
//! | `ops` | off | `Server::ops`: readiness, numbers for Prometheus, and publishing from other programs |
//! | `nats` | off | `Nats`: several nodes of one app over NATS |
//! | `redis` | off | `Redis`: the same over Redis |
//! | `cluster` | off | the same without an engine, for tests: implied by both |
//!
//! # Without a server
//!
//! With `default-features = false` there are only messages, their codec and [`Received`], without tokio and warp: for clients in
//! Rust, also in a browser. `#[channel]` needs the server. A client declares the two halves of a channel by implementing
//! [`Protocol`] and [`Messages`] for types of its own. The crate `channel-client` connects: it is typed by these, or by the server's own
//! channels if it has their code.

// The folders, from top to bottom. Each imports only folders below it, which `tests/house.rs` checks.

// Typed clients in a test's own process, and fuzz targets.
#[cfg(feature = "server")]
pub mod testing;

// Listeners, HTTP, handshakes and a clean stop: the only folder that knows hyper, tower and warp.
#[cfg(feature = "server")]
mod server;

// One connection's task: hooks, handlers, batches, the opening and closing of rooms.
#[cfg(feature = "server")]
mod session;

// Several nodes of one app, over a bus.
#[cfg(feature = "cluster")]
mod cluster;

// Sending: sockets, hubs, audiences, answers.
#[cfg(feature = "server")]
mod socket;

// What a channel is, as the macros write it.
#[cfg(feature = "server")]
mod channel;

// Whether a client may connect, and as whom.
#[cfg(feature = "server")]
mod handshake;

// Who is connected: rooms, members, users; one frame to all of a room.
#[cfg(feature = "server")]
mod room;

// One client's connection: outbox, byte stream, close.
#[cfg(feature = "server")]
mod connection;

// Bounds, rates, origins, proxies.
#[cfg(feature = "server")]
mod config;

// What is generated from a description: clients.
#[cfg(feature = "contract")]
pub mod contract;

// Messages, JSON, descriptions, the lock. Without the feature `server` this is the whole crate.
mod protocol;

// RFC 6455 and RFC 7692 over bytes.
#[cfg(feature = "server")]
mod wire;

// What the macros' expansions call: re-exports alone.
#[doc(hidden)]
pub mod private;

#[doc(no_inline)]
pub use bytes::{self, Bytes};
pub use channel_macros::{Fault, message};
#[cfg(feature = "server")]
pub use channel_macros::{channel, channels};
#[cfg(feature = "garde")]
#[doc(no_inline)]
pub use garde;
pub use protocol::address::Address;
pub use protocol::asks::{Answered, Asks};
pub use protocol::binary::BinaryCodec;
pub use protocol::codec::{DecodeError, EncodeError, InvalidField, ReceivedBody};
pub use protocol::delivery::Delivery;
pub use protocol::describe;
pub use protocol::envelope::{self, Envelope};
pub use protocol::fault::Fault;
pub use protocol::halves::Protocol;
pub use protocol::message::{Message, Messages, Ref, Success};
pub use protocol::question::Question;
pub use protocol::received::Received;

#[cfg(feature = "server")]
pub use exports::*;

#[cfg(feature = "server")]
mod exports {
    pub use crate::channel::identity::{Anonymous, Identity, UserName};
    pub use crate::channel::path::{FromPath, Params, Path, Segment};
    pub use crate::channel::presence::{HasPresence, PresenceValue};
    pub use crate::channel::room::{Room, RoomKind, RoomOf};
    pub use crate::channel::users::{HasUsers, UserOf};
    pub use crate::channel::{Channel, Route, SendsBytes, SendsText, SentBy, ServedBy, Text};
    #[cfg(any(feature = "nats", feature = "redis"))]
    pub use crate::cluster::BusTls;
    #[cfg(feature = "cluster")]
    pub use crate::cluster::{
        AudienceEverywhere, Backplane, Bus, BusState, BusStats, Cluster, ClusterError, Everywhere, MembersEverywhere,
        NodeId, NodeView, UserEverywhere,
    };
    #[cfg(feature = "nats")]
    pub use crate::cluster::{Nats, NatsEngine};
    #[cfg(feature = "redis")]
    pub use crate::cluster::{Redis, RedisEngine};
    pub use crate::config::Config;
    pub use crate::config::origins::{InvalidOrigin, Origins};
    pub use crate::config::outdated::Outdated;
    pub use crate::config::proxies::{InvalidProxy, Proxies};
    pub use crate::config::rate::{InvalidRate, Rate};
    pub use crate::config::refusals::Refusals;
    pub use crate::connection::id::{ConnectionId, ParseConnectionIdError};
    pub use crate::handshake::authenticate::{Auth, Authenticate, TokenSource};
    #[cfg(feature = "jwt")]
    pub use crate::handshake::jwt::{InvalidJwtKey, Jwt, JwtKey, JwtKeySet, JwtKeys};
    pub use crate::handshake::reject::Reject;
    pub use crate::handshake::token::Token;
    pub use crate::handshake::{Extract, Handshake};
    pub use crate::protocol::lock::Compatibility;
    pub use crate::room::joined::{Fresh, Joined};
    pub use crate::room::sent::{Elsewhere, NotTaken, Sent};
    pub use crate::server::Server;
    pub use crate::server::channels::{Channels, IsLinked, Linked, StandsFor, Unlinked};
    pub use crate::server::health::Health;
    pub use crate::server::http::{Bound, BoundServer};
    pub use crate::server::listener::Listener;
    #[cfg(feature = "ops")]
    pub use crate::server::ops::Ops;
    #[cfg(feature = "ops")]
    pub use crate::server::ops::token::{InvalidOpsToken, OpsToken};
    pub use crate::server::peer::PeerAddr;
    pub use crate::server::service::Service;
    pub use crate::session::batch::{AnyReply, Batched};
    pub use crate::socket::Socket;
    pub use crate::socket::answer::{Answer, Deferred, TypedAnswer};
    pub use crate::socket::ask::Ask;
    pub use crate::socket::ask_all::{AskAll, Outcomes};
    pub use crate::socket::ask_error::AskError;
    pub use crate::socket::audience::{
        Audience, IsOneRoom, IsOwnRoom, IsSeveral, Many, OneConnection, OneRoom, OwnRoom, RoomView,
    };
    pub use crate::socket::frames::timestamp;
    pub use crate::socket::hub::Hub;
    pub use crate::socket::member_view::MemberView;
    pub use crate::socket::notify::NoticeFor;
    pub use crate::socket::position::Position;
    pub use crate::socket::presence::Present;
    pub use crate::socket::reply::{IntoFault, Reply};
    pub use crate::socket::stats::Stats;
    pub use crate::socket::user::{User, Users};
    #[cfg(any(test, fuzzing))]
    pub use crate::testing::fuzz;
    pub use crate::wire::close::{Close, CloseCode, ClosedBy, InvalidCloseCode};
    #[cfg(feature = "deflate")]
    pub use crate::wire::deflate::Compression;
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

/// The page's channels compile.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../docs/other-protocols.md")]
struct OtherProtocols;

/// The page's server compiles.
#[cfg(all(doctest, feature = "ops"))]
#[doc = include_str!("../../docs/operating.md")]
struct Operating;

/// The page's channels and envelopes compile.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../docs/envelopes.md")]
struct Envelopes;

/// The page's programs compile.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../docs/history.md")]
struct HistoryPage;

/// The page's program is run.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../docs/audiences.md")]
struct AudiencesPage;

/// The page's programs are run.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../../docs/how-to.md")]
struct HowTo;

/// The page's programs compile.
#[cfg(all(doctest, feature = "nats"))]
#[doc = include_str!("../../docs/several-nodes.md")]
struct SeveralNodes;
