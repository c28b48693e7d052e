//! Dispatch: how the engine calls a channel's hooks and handlers. `#[channel]` alone implements it.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::channel::room::Room;
use crate::channel::{Channel, Text, room_state};
use crate::connection::inbox::Notice;
use crate::connection::user_key::UserKey;
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::protocol::codec::{DecodeError, EncodeError};
use crate::protocol::fault::Fault;
use crate::room::presence::Shown;
use crate::session::batch::BatchEntry;
use crate::session::guard::BoxFuture;
use crate::session::handler_options::HandlerOptions;
use crate::session::handling::Handling;
use crate::socket::Socket;
use crate::socket::crossing::NoticeEntry;
use crate::socket::invalid_reply;
use crate::socket::reply::Flow;
use crate::socket::snapshot::Snapshot;
use crate::wire::close::Close;

/// A channel's hooks and handlers, by other names than in the user's impl block, so that neither hides the other. The one exception is
/// `snapshot`, which the expansion calls by the path of the user's own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no channel",
    label = "not a channel",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`, and `#[channel]` on `impl {Self} {{ .. }}`"
)]
pub trait Dispatch: Channel {
    /// In the order of the messages from clients. Empty if no handler has options.
    const OPTIONS: &'static [HandlerOptions] = &[];

    /// Whether each message from clients is handled in batches, in their order. Empty if none is.
    const BATCHED: &'static [bool] = &[];

    /// Its notices, for the other nodes of a cluster.
    const NOTICES: &'static [NoticeEntry] = &[];

    /// Whether there is a hook `snapshot`.
    const SNAPSHOTS: bool = false;

    /// How long the handler of the message at this place may wait, in milliseconds. `None` if it has no deadline of its own.
    fn timeout_ms(place: usize) -> Option<u64> {
        let timeout = Self::OPTIONS.get(place)?.timeout?;
        timeout.as_millis().try_into().ok()
    }

    /// `on_room_open`
    fn room_opened(
        room: &Room<Self>,
        app: &Arc<Self::App>,
    ) -> impl Future<Output = Result<Self::RoomState, Fault>> + Send {
        _ = (room, app);
        let state = room_state::initial::<Self>();
        async { Ok(state.expect("a channel without the hook has an initial state")) }
    }

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

    /// `identity`; `None` if the client is nobody in particular.
    fn identified(&self) -> Option<Self::Identity> {
        None
    }

    /// `expires_at`; `None` if the connection's authority does not expire.
    fn expires(&self) -> Option<SystemTime> {
        None
    }

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

    /// `snapshot`: what a client that comes fresh is sent. Called under the lock of the room's state.
    fn snapshot(&self, state: &Self::RoomState) -> Result<Snapshot, EncodeError> {
        _ = state;
        Ok(Snapshot::NOTHING)
    }

    /// `presence`: what is seen of this connection. `None` if it is as `before`, or can't be shown.
    fn shown(&self, before: Option<&Shown>) -> Option<Shown> {
        _ = before;
        None
    }

    /// `on_connect`
    fn connected(&mut self, socket: &Socket<Self>, app: &Arc<Self::App>) -> impl Future<Output = Flow> + Send {
        _ = (socket, app);
        async { Flow::Continue }
    }

    /// Calls the handler of this message. A handler that is not `async` has run when this returns.
    fn handle<'a>(
        &'a mut self,
        message: Self::FromClient,
        socket: &'a Socket<Self>,
        app: &'a Arc<Self::App>,
    ) -> Handling<'a>;

    /// As [`handle`](Self::handle), for the handlers that share the channel's value.
    fn handle_shared<'a>(
        &'a self,
        message: Self::FromClient,
        socket: &'a Socket<Self>,
        app: &'a Arc<Self::App>,
    ) -> Handling<'a> {
        _ = (message, socket, app);
        unreachable!("no handler of `{}` runs beside others", Self::NAME)
    }

    /// The function that calls handlers side by side. Made by the expansion, which alone knows whether the value is `Sync`.
    fn concurrent<'a>(&'a mut self, app: &'a Arc<Self::App>) -> ConcurrentHandlers<'a, Self> {
        _ = app;
        unreachable!("no handler of `{}` runs beside others", Self::NAME)
    }

    /// Submits a message to its batch.
    fn submit(message: Self::FromClient, to: BatchEntry<'_, Self>) -> Handling<'_> {
        _ = (message, to);
        unreachable!("no message of `{}` is handled in batches", Self::NAME)
    }

    /// `on_text`: takes every text of a client. As [`handle`](Self::handle), it has run when this returns if it is not `async`.
    fn text<'a>(&'a mut self, text: Text, socket: &'a Socket<Self>, app: &'a Arc<Self::App>) -> Handling<'a> {
        _ = (text, socket, app);
        unreachable!("`{}` has no `on_text`", Self::NAME)
    }

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
        let flow = invalid_reply::without_hook(socket, error);
        async move { flow }
    }

    /// Calls the handler of this notice, as [`handle`](Self::handle) calls that of a message.
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

pub(crate) fn user_of<C: Dispatch>(handler: &C) -> Option<UserKey> {
    handler.identified().map(|identity| UserKey::new(&identity))
}

type Call<'a, C, M> = dyn Fn(M, Socket<C>) -> BoxFuture<'a, Flow> + Send + 'a;

/// Calls the handlers of one connection that run side by side. Each call is a future of its own.
pub struct ConcurrentHandlers<'a, C: Channel>(Box<Call<'a, C, C::FromClient>>);

/// A channel whose handlers may run side by side.
#[diagnostic::on_unimplemented(
    message = "handlers of `{Self}` can't overlap",
    label = "a field of `{Self}` can't be shared",
    note = "handlers that overlap share the channel's value: put what changes behind a lock, or take `concurrent` away"
)]
pub trait Shared: Dispatch + Sync {}

#[diagnostic::do_not_recommend]
impl<C: Dispatch + Sync> Shared for C {}

impl<'a, C: Dispatch> ConcurrentHandlers<'a, C> {
    /// Calls the handlers of this value.
    pub fn new(handler: &'a C, app: &'a Arc<C::App>) -> Self
    where
        C: Shared,
    {
        Self(Box::new(move |message, socket| {
            Box::pin(async move {
                match handler.handle_shared(message, &socket, app) {
                    Handling::Done(flow) => flow,
                    Handling::Later(future) => future.await,
                }
            })
        }))
    }

    /// The handler begins at the future's first poll.
    pub(crate) fn call(&self, message: C::FromClient, socket: Socket<C>) -> BoxFuture<'a, Flow> {
        (self.0)(message, socket)
    }
}
