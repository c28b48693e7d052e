//! What a channel is, as the macros write it: its path, rooms and users, and what its hooks take and return.
//!
//! [`Channel`] and [`Route`] are implemented by `#[channel]` alone. A description, with nothing that runs: no socket and no engine.
//! Imports `handshake`, `connection`, `config` (for a channel's own bounds), `protocol` and `wire`.

pub(crate) mod app;
pub(crate) mod fields;
pub(crate) mod holding;
pub(crate) mod hook_arguments;
pub(crate) mod hook_returns;
pub(crate) mod identity;
pub(crate) mod initial_state;
pub(crate) mod path;
pub(crate) mod room;
pub(crate) mod room_names;
pub(crate) mod stated;
pub(crate) mod users;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::channel::identity::Identity;
use crate::channel::initial_state::FirstState;
use crate::channel::path::{Params, Path};
use crate::channel::room::Room;
use crate::config::bounds::Bounds;
use crate::handshake::Handshake;
use crate::handshake::reject::{BuildError, Reject};
use crate::handshake::token::Token;
use crate::protocol::codec::DecodeError;
use crate::protocol::describe::{AnswerShape, ChannelShape, Param, RoomShape};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Message, Messages, Protocol};
use crate::session::batch::Gathering;
use crate::session::concurrent::{Overlap, Overlapped};
use crate::session::guard::Turn;
use crate::socket::Socket;
use crate::socket::notify::Notice;
use crate::socket::reply::{Flow, Handling};
use crate::wire::close::Close;

/// Where a channel stands, and how a handler is made from a request. From `#[channel("/path")]` on the struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no path",
    label = "this channel has no path",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`"
)]
pub trait Route: Sized + Send + 'static {
    /// The app that handlers see: that of `app = ..`, else `()`.
    type App: Send + Sync + 'static;
    /// What the members of the path's room share on this node: that of `room_state = ..`, else `()`. It is `Default` where
    /// the channel has no `on_room_open`.
    type RoomState: Send + 'static;
    /// The channel itself, by which `channels![..]` asks for its handlers and its app: of what has no path it then asks for nothing
    /// more.
    #[doc(hidden)]
    type Itself;
    /// Whether the impl block has its `#[channel]`.
    #[doc(hidden)]
    type Halves;
    /// What the state of the path's room begins with, where no hook makes it.
    #[doc(hidden)]
    const FIRST_STATE: FirstState<Self::RoomState>;
    /// The struct's name, for logs and errors.
    const NAME: &'static str;
    /// The path's pattern.
    const PATH: Path;
    /// Both, for `channels![..]`.
    #[doc(hidden)]
    const ROUTE: (&'static str, Path) = (Self::NAME, Self::PATH);
    /// The struct's documentation.
    #[doc(hidden)]
    const DOCS: &'static str = "";
    /// The types of the path's parameters.
    #[doc(hidden)]
    const PARAMS: &'static [Param] = &[];
    /// How long an empty room stays open: that of `room_grace = ..`, else as `Config` says.
    #[doc(hidden)]
    const ROOM_GRACE: Option<Duration> = None;
    /// The bounds of its connections that are its own.
    #[doc(hidden)]
    const BOUNDS: Bounds = Bounds::NONE;
    /// The declared kinds of room.
    #[doc(hidden)]
    const ROOMS: &'static [RoomShape] = &[];

    /// Makes the handler of one connection: reads the path's parameters, runs the extractors, sets the state.
    fn build(
        handshake: &Handshake,
        params: &Params,
        app: &Self::App,
    ) -> impl Future<Output = Result<Self, BuildError>> + Send;

    /// The path's own room, from the parsed parameters.
    fn own_room(&self) -> Room<Self>;
}

/// A channel that can stand in an app of type `App`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand in an app of type `{App}`",
    label = "this channel belongs to another app",
    note = "all channels of one `channels![..]` name the same `app = ..`, or none"
)]
pub trait ServedBy<App>: Route {
    /// The app as the channel's handlers see it.
    fn served_app(app: &Arc<App>) -> Arc<Self::App>;
}

/// What a channel does: its hooks and its handlers. From `#[channel]` on the impl block.
///
/// The hooks have other names here than in the user's impl block, so that neither hides the other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no channel",
    label = "not a channel",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`, and `#[channel]` on `impl {Self} {{ .. }}`"
)]
pub trait Channel: Route + Protocol {
    /// What `identity` returns; [`Anonymous`](crate::Anonymous) where there is no such hook.
    type Identity: Identity;

    /// What the handlers answer, in the order of the messages from clients.
    #[doc(hidden)]
    const ANSWERS: &'static [AnswerShape] = &[];

    /// The names of the hooks that are there.
    #[doc(hidden)]
    const HOOKS: &'static [&'static str] = &[];

    /// Whether `Bytes` are in `sends(..)`.
    #[doc(hidden)]
    const SENDS_BINARY: bool = false;

    /// Whether the macros found no error: else what they tell is not all.
    #[doc(hidden)]
    const IS_WHOLE: bool = true;

    /// All of it.
    #[doc(hidden)]
    const SHAPE: ChannelShape = ChannelShape {
        name: Self::NAME,
        docs: Self::DOCS,
        pattern: Self::PATH.pattern(),
        params: Self::PARAMS,
        rooms: Self::ROOMS,
        from_client: <Self::FromClient as Messages>::SHAPES,
        answers: Self::ANSWERS,
        to_client: <Self::ToClient as Messages>::SHAPES,
        accepts_binary: Self::TAKES_BINARY,
        sends_binary: Self::SENDS_BINARY,
        hooks: Self::HOOKS,
        is_whole: Self::IS_WHOLE,
    };

    /// Whether there is an `on_room_open`.
    #[doc(hidden)]
    const OPENS_ROOMS: bool = false;

    /// `on_room_open`
    fn room_opened(
        room: &Room<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Result<Self::RoomState, Fault>> + Send {
        _ = (room, app);
        let fresh = initial_state::fresh::<Self>();
        async { Ok(fresh.expect("made by the hook, where there is one")) }
    }

    /// Whether there is an `on_room_close`.
    #[doc(hidden)]
    const CLOSES_ROOMS: bool = false;

    /// `on_room_close`
    fn room_closed(room: &Room<Self>, state: Self::RoomState, app: &Arc<Self::App>) -> impl Future<Output = ()> + Send {
        _ = (room, app);
        async { drop(state) }
    }

    /// `authorize`
    fn authorized(&self, app: &Arc<Self::App>) -> impl Future<Output = Result<(), Reject>> + Send {
        _ = app;
        async { Ok(()) }
    }

    /// `identity`
    fn identified(&self) -> Option<Self::Identity> {
        None
    }

    /// `expires_at`
    fn expires(&self) -> Option<SystemTime> {
        None
    }

    /// Whether there is an `on_refresh`; where there is none, nobody knows `$auth`.
    const REFRESHES: bool = false;

    /// `on_refresh`
    fn refreshed(
        &mut self,
        token: Token,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        _ = (token, socket, app);
        async { Ok(()) }
    }

    /// `on_reauthorize`
    fn reauthorized(
        &mut self,
        room: Room<Self>,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        _ = (room, socket, app);
        async { Ok(()) }
    }

    /// `on_connect`
    fn connected(&mut self, socket: &Socket<Self>, app: &Arc<Self::App>) -> impl Future<Output = Flow> + Send {
        _ = (socket, app);
        async { Flow::Continue }
    }

    /// Calls the handler of this message. One that is not `async` has run when this returns.
    fn handle<'a>(
        &'a mut self,
        message: Self::FromClient,
        socket: &'a Socket<Self>,
        app: &'a Arc<Self::App>,
    ) -> Handling<'a>;

    /// What the handlers have of their own, in the order of the messages; empty where none has anything.
    #[doc(hidden)]
    const TURNS: &'static [Turn] = &[];

    /// As [`handle`](Self::handle), for those that may overlap.
    #[doc(hidden)]
    fn overlapping<'a>(
        &'a self,
        message: Self::FromClient,
        socket: &'a Socket<Self>,
        app: &'a Arc<Self::App>,
    ) -> Handling<'a> {
        _ = (message, socket, app);
        unreachable!("no handler of `{}` may overlap", Self::NAME)
    }

    /// Runs those that overlap. Only where there are such is a channel known to be `Sync`, as it has to be for that.
    #[doc(hidden)]
    fn overlap<'a>(&'a mut self, overlap: Overlap<'a, Self>) -> Overlapped<'a, Self> {
        _ = overlap;
        unreachable!("no handler of `{}` may overlap", Self::NAME)
    }

    /// Which messages are handled in batches, in the order of the messages from clients; none where it is empty.
    #[doc(hidden)]
    const BATCHED: &'static [bool] = &[];

    /// Brings such a message to its batch.
    #[doc(hidden)]
    fn gather(message: Self::FromClient, to: Gathering<'_, Self>) -> Handling<'_> {
        _ = (message, to);
        unreachable!("no message of `{}` is handled in batches", Self::NAME)
    }

    /// Whether there is an `on_binary`; where there is none, a binary message is answered as an invalid one.
    const TAKES_BINARY: bool = false;

    /// `on_binary`
    fn binary(
        &mut self,
        data: Bytes,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Flow> + Send {
        _ = (data, socket, app);
        async { Flow::Continue }
    }

    /// `on_ping`; the pong is sent without it.
    fn pinged(
        &mut self,
        data: Bytes,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Flow> + Send {
        _ = (data, socket, app);
        async { Flow::Continue }
    }

    /// `on_pong`
    fn ponged(
        &mut self,
        data: Bytes,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Flow> + Send {
        _ = (data, socket, app);
        async { Flow::Continue }
    }

    /// `on_invalid`; without it the client is sent the error's own fault.
    fn invalid(
        &mut self,
        error: DecodeError,
        socket: &Socket<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Flow> + Send {
        _ = app;
        let flow = crate::socket::reply::fault(socket, socket.invalid(error));
        async move { flow }
    }

    /// Calls the handler of this notice, as [`handle`](Self::handle) that of a message.
    #[doc(hidden)]
    fn noticed<'a>(&'a mut self, notice: Notice, socket: &'a Socket<Self>, app: &'a Arc<Self::App>) -> Handling<'a> {
        _ = (notice, socket, app);
        Handling::Done(Flow::Continue)
    }

    /// `on_close`
    fn closed(&mut self, close: Close, socket: &Socket<Self>, app: &Arc<Self::App>) -> impl Future<Output = ()> + Send {
        _ = (close, socket, app);
        async {}
    }
}

/// A message that channel `C` lists in `sends(..)`.
#[diagnostic::on_unimplemented(
    message = "`{C}` does not send `{Self}`",
    label = "not in `sends(..)` of `{C}`",
    note = "if `{Self}` is a message, list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`; it is sent by value, one at a time",
    note = "if it is text or other data, it goes into a field of a message: `#[message(type = \"line\")] struct Line {{ text: String }}`, listed in `sends(..)`; a fault is sent by `socket.send_fault(&fault)`",
    note = "`socket` and a hub of `{C}` reach connections of `{C}` alone; those of another channel are reached by its own hub, `socket.hub_of::<Other>()`"
)]
pub trait SentBy<C>: Message {}

/// A channel with `Bytes` in `sends(..)`: it may send binary messages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sends no binary messages",
    label = "no `Bytes` in `sends(..)` of `{Self}`",
    note = "list them: `#[channel(sends(.., Bytes))] impl {Self} {{ .. }}`"
)]
pub trait SendsBytes {}
