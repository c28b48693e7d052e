//! Enters a connection into its rooms: an accepted connection waits for its room, if that has to be opened, and becomes a session.
//!
//! While it waits, its client is read from up to the usual bounds, so that a disconnect is noticed. Messages wait for the session.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::channel::room::Room;
use crate::channel::{history, room_state};
use crate::connection::contained::{Contained, contain};
use crate::connection::framework_frames::{Welcome, moving_window, return_window};
use crate::connection::in_flight::{Work, WorkGuard};
use crate::connection::receiver::Receiver;
use crate::connection::shutdown::SessionGuard;
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::admission::{AdmissionControl, AdmissionGuard, UserAdmission};
use crate::handshake::hello::Hello;
use crate::handshake::reject::Reject;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::protocol::lock::Compatibility;
use crate::protocol::message::Messages as _;
use crate::room::member::Member;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::pending::PendingGuard;
use crate::room::position::Positions;
use crate::room::sent::Sent;
use crate::session::Session;
use crate::session::arriving::Client;
use crate::session::dispatch::{Dispatch, user_of};
use crate::session::driver::Driver;
use crate::session::expiry::{Expiry, expired};
use crate::session::heartbeat;
use crate::session::outdated::{OutdatedGuard, compatibility};
use crate::session::rejection::{Rejection, farewell};
use crate::session::room_hooks::{self, EntryHold, RoomLifecycle};
use crate::session::served::Served;
use crate::socket::Socket;
use crate::socket::class::has_unreliable;
use crate::socket::clock::{self, Clock};
use crate::socket::hub::Hub;
use crate::socket::node::Node;
use crate::socket::push::push_frame;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::deflate::Agreed;
use crate::wire::frame::Frame;
use crate::wire::parser::{Limits, Parser, Role};

/// The query's key of what a client that comes back has had.
const RESUME: &str = "$resume";

pub(crate) struct PendingSession<C: Dispatch> {
    /// Dropped first: a handler's destructor does not find its own connection pending.
    pending: PendingGuard,
    handler: Contained<C>,
    room: Room<C>,
    expires_at: Option<SystemTime>,
    user_admission: Option<Box<UserAdmission>>,
    subprotocol: u8,
    /// `None` if its client hears none of the framework's own frames.
    hello: Option<Hello>,
    /// What its client has had.
    positions: Option<Box<Positions>>,
    app: Arc<C::App>,
    hub: Hub<C>,
    served: Arc<Served>,
}

impl<C: Dispatch> PendingSession<C> {
    /// Calls `identity`, which is the user's code: if it panics, the upgrade can still be refused.
    pub fn new(handler: C, mut pending: PendingGuard, app: Arc<C::App>, hub: Hub<C>, served: Arc<Served>) -> Self {
        let handler = Contained::new(handler);
        let room = handler.own_room();
        pending.identify(hub.channel(), room.key(), user_of(&*handler), &served.in_flight);
        Self {
            handler,
            room,
            pending,
            expires_at: None,
            user_admission: None,
            subprotocol: 0,
            hello: None,
            positions: None,
            app,
            hub,
            served,
        }
    }

    pub fn agreed(self, handshake: &Handshake) -> Self {
        let subprotocol = C::KNOWN_SUBPROTOCOLS.number(handshake.subprotocol());
        let positions = match handshake.hello {
            Some(_) if const { history::is_kept::<C>() } => {
                Some(Box::new(Positions::read(handshake.query_params(RESUME))))
            }
            _ => None,
        };
        Self { subprotocol, hello: handshake.hello, positions, ..self }
    }

    /// A connection whose user is disconnected meanwhile is accepted, and then closed.
    ///
    /// # Errors
    /// What `authorize` returns; 401 if the authority has expired already, and 429 if the user has too many connections.
    pub async fn authorize(&mut self, admission: &AdmissionControl) -> Result<(), Reject> {
        let Self { handler, pending, expires_at, user_admission, app, served, .. } = self;
        if let Either::Right((authorized, _)) =
            select(pin!(pending.until_closed()), pin!(handler.authorized(app))).await
        {
            authorized?;
        }
        *expires_at = handler.expires();
        if expires_at.is_some_and(|end| served.node.clock.time_left(end).is_zero()) {
            return Err(Reject::unauthorized("it has expired"));
        }
        *user_admission = admission.admit_user(&served.config, pending.user())?;
        Ok(())
    }

    pub fn start(mut self, io: Transport, read_ahead: Vec<u8>, admission: AdmissionGuard, deflate: Option<Agreed>) {
        let admission = admission.and(self.user_admission.take());
        let config = &self.served.config;
        if const { has_unreliable(C::ToClient::SHAPES) } {
            io.hold_at_most(config.unsent_bytes);
        }
        let (stream, socket) = io.split();
        let limits = Limits { message: config.message_bytes, fragments: config.message_fragments };
        let parser = Parser::new(Role::Server, limits).framing(config.frame_bytes).inflating(deflate);
        let receiver = Receiver::new(stream, parser);
        let client = Client { receiver, socket, read_ahead, has_ended: false, deflate, admission };
        match room_hooks::grace::<C>(config) {
            None => self.spawn(client),
            Some(_) => drop(tokio::spawn(self.wait_and_spawn(client))),
        }
    }

    fn wait_and_spawn(self, mut client: Client) -> impl Future<Output = ()> + Send {
        let Self { room, app, hub, served, .. } = &self;
        let busy = served.in_flight.begin(Work::Session { channel: C::NAME, what: "on_room_open" });
        let counted = served.node.shutdown.begin_session();
        let lifecycle = Arc::new(RoomLifecycle {
            room: room.clone(),
            app: Arc::clone(app),
            hub: hub.clone(),
            served: Arc::clone(served),
        });
        async move {
            let frames = match wait(&mut client, lifecycle, &self.pending, self.expires_at).await {
                Waited::Open(_hold) => {
                    // In a smaller task of its own. The connection is in the room before the hold is dropped.
                    self.spawn(client);
                    return drop((counted, busy));
                }
                Waited::Rejected(rejection) => rejection.frames(self.return_window()),
                Waited::Ended(close) => {
                    let connection = self.pending.id;
                    tracing::debug!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "ends before it is in");
                    farewell(&close, self.return_window())
                }
            };
            client.reject(&frames, self.served.config.close_timeout).await;
            drop((counted, busy));
        }
    }

    fn spawn(mut self, client: Client) {
        let served = Arc::clone(&self.served);
        // Before the task begins, so that a server that stops waits for it.
        let counted = served.node.shutdown.begin_session();
        let busy = served.in_flight.begin(Work::Session { channel: C::NAME, what: "on_connect" });
        match self.enter(client.deflate) {
            Ok(membership) => {
                let outdated = compatibility(&served, self.hello)
                    .map(|client| OutdatedGuard::begin(&served.node, self.hub.channel(), client));
                let session = self.into_session(client, membership, counted, busy).run();
                match outdated {
                    None => drop(tokio::spawn(session)),
                    Some(guard) => drop(tokio::spawn(guard.during(Box::pin(session)))),
                }
            }
            Err(close) => {
                let frames = farewell(&close, self.return_window());
                drop(tokio::spawn(async move {
                    client.reject(&frames, served.config.close_timeout).await;
                    drop((counted, busy));
                }));
            }
        }
    }

    /// Of a knowing client, in milliseconds.
    fn return_window(&self) -> Option<u32> {
        self.hello.map(|_| return_window(self.served.node.registry.len()))
    }

    fn enter(&mut self, deflate: Option<Agreed>) -> Result<MembershipGuard, Close> {
        if let Some(close) = self.pending.closed() {
            return Err(close);
        }
        let Self { handler, room, pending, hub, served, subprotocol, hello, positions, .. } = self;
        let config = &served.config;
        let mut newcomer = NewConnection {
            id: pending.id,
            channel: hub.channel(),
            room: Arc::clone(room.key()),
            user: pending.user().cloned(),
            pending: pending.listed(),
            welcome: hello.map(|hello| Welcome {
                ping_interval: config.ping_interval,
                message_bytes: config.message_bytes,
                outdated: compatibility(served, Some(hello)).map(Compatibility::name),
            }),
            positions: positions.take(),
            shown: None,
            deflate,
            subprotocol: *subprotocol,
            error_details: config.error_details,
            outbox_bytes: config.outbox_bytes,
            activity: served.in_flight.clone(),
        };
        if const { C::PRESENCE.is_some() } {
            newcomer.shown = contain(|| handler.shown(None)).map_err(|_| panicked::<C>("`presence`"))?;
        }
        // A room without a lifecycle makes its state here, which is the user's code, as a snapshot is.
        let entered = contain(|| {
            if const { !C::SNAPSHOTS } {
                return served.node.enter(newcomer);
            }
            let make = |state: &C::RoomState| snapshot(&**handler, state);
            let tell = |member: &Member, frame, number| tell(&served.node, member, frame, number);
            let registry = &served.node.registry;
            served.node.enter_by(newcomer, |new| registry.enter_and_tell(new, room_state::initial::<C>, make, tell))
        });
        let what =
            if C::SNAPSHOTS { "the `snapshot` or the `room_state` of a room" } else { "the `room_state` of a room" };
        entered.map_err(|_| panicked::<C>(what))
    }

    fn into_session(
        self,
        client: Client,
        membership: MembershipGuard,
        counted: SessionGuard,
        busy: WorkGuard,
    ) -> Session<C> {
        let Self { handler, pending, expires_at, app, served, .. } = self;
        let (node, config, connection) = (&served.node, &served.config, &membership.connection);
        if let Some(close) = pending.joined() {
            if close.moved_to().is_some() {
                connection.outbox().set_return_window(moving_window(1));
            }
            connection.outbox().close(close);
        }
        heartbeat::watch(&served.heartbeat, node, config);
        let warning = C::READS_FLAT.then_some(config.auth_warning);
        let expiry = Expiry::watch(expires_at, &node.clock, connection, warning);
        let socket = Socket::new(Arc::clone(node), Arc::clone(connection));
        let Client { receiver, socket: writes, read_ahead, admission, .. } = client;
        let driver = Driver::new(receiver, writes, read_ahead, membership, served);
        Session::new(handler, socket, app, driver, expiry, busy, (counted, admission))
    }
}

/// `what` has, so that the connection does not join.
fn panicked<C: Dispatch>(what: &str) -> Close {
    let (fault, id) = Fault::unexplained();
    tracing::error!(channel = C::NAME, %id, "{what} panicked");
    Close::new(ClosedBy::Panic, CloseCode::INTERNAL, format!("{} ({id})", fault.message))
}

/// `None` if there is nothing to tell.
fn snapshot<C: Dispatch>(handler: &C, state: &C::RoomState) -> Option<Frame> {
    match handler.snapshot(state) {
        Ok(snapshot) => snapshot.into_frame(),
        Err(error) => {
            tracing::error!(channel = C::NAME, error = %Escaped(error), "a snapshot could not be sent");
            None
        }
    }
}

/// Sends a client that begins anew its room's snapshot.
fn tell(node: &Node, member: &Member, mut frame: Frame, number: Option<u64>) {
    if let Some(number) = number.filter(|_| frame.has_place()) {
        frame.number(number);
    }
    let _: Sent = push_frame(node, member, frame);
}

enum Waited {
    Open(EntryHold),
    Rejected(Rejection),
    Ended(Close),
}

async fn wait<C: Dispatch>(
    client: &mut Client,
    lifecycle: Arc<RoomLifecycle<C>>,
    pending: &PendingGuard,
    expires_at: Option<SystemTime>,
) -> Waited {
    let node = Arc::clone(&lifecycle.served.node);
    // Before the check, so that no drain is missed in between.
    let drain_started = node.shutdown.drain_started();
    if node.shutdown.is_draining() {
        return Waited::Rejected(Rejection::going_away());
    }
    let mut entered = pin!(room_hooks::enter(lifecycle));
    let mut ended = pin!(ended(drain_started, pending, &node.clock, expires_at));
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = entered.as_mut().poll(cx) {
            return Poll::Ready(outcome.map_or_else(Waited::Rejected, Waited::Open));
        }
        match ended.as_mut().poll(cx) {
            Poll::Ready(close) => Poll::Ready(Waited::Ended(close)),
            Poll::Pending => client.poll_left(cx).map(Waited::Ended),
        }
    })
    .await
}

async fn ended(
    drain_started: impl Future<Output = ()>,
    pending: &PendingGuard,
    clock: &Arc<Clock>,
    expires_at: Option<SystemTime>,
) -> Close {
    let draining = pin!(drain_started.map(|()| Close::going_away()));
    let expired = pin!(clock::until(clock, expires_at).map(|()| expired()));
    let disconnected = pin!(pending.until_closed());
    select(disconnected, select(draining, expired).map(|ended| ended.factor_first().0)).await.factor_first().0
}
