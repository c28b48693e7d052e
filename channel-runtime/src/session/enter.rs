//! A connection that has been accepted and has not begun: it waits for its room, where that has to be opened, and comes in.
//!
//! While it waits its client is read from, up to the usual bounds, so that one which leaves is not waited for; and it can be sent
//! away. What it says meanwhile is handled once it is in.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::net::tcp::OwnedWriteHalf;

use crate::channel::room::Room;
use crate::connection::close;
use crate::connection::contained::{Contained, contain};
use crate::connection::in_flight::Work;
use crate::connection::receiver::{Came, Intake, STREAM_ENDED, close_in};
use crate::connection::stream::Transport;
use crate::handshake::admission::{AdmissionControl, AdmissionGuard, UserAdmission};
use crate::handshake::reject::Reject;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::room::membership::Newcomer;
use crate::room::pending::Coming;
use crate::session::Session;
use crate::session::dispatch::{Dispatch, user_of};
use crate::session::driver::Link;
use crate::session::expiry::{Expiry, expired};
use crate::session::heartbeat;
use crate::session::rejection::Rejection;
use crate::session::room_hooks::{self, Stay, Steward};
use crate::session::served::Served;
use crate::socket::Socket;
use crate::socket::clock::{self, Clock};
use crate::socket::hub::Hub;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::deflate::Agreed;
use crate::wire::frame::close_reply;
use crate::wire::parser::{Limits, Parser, Role};

pub(crate) struct Arrival<C: Dispatch> {
    handler: Contained<C>,
    /// Its path's room.
    room: Room<C>,
    coming: Coming,
    expires_at: Option<SystemTime>,
    /// Its place among its user's connections, where there is a bound for them.
    place: Option<Box<UserAdmission>>,
    app: Arc<C::App>,
    hub: Hub<C>,
    served: Arc<Served>,
}

impl<C: Dispatch> Arrival<C> {
    /// Reads what the handler says of itself: that is the user's code, and may panic where an upgrade can still be refused.
    pub fn new(handler: C, mut coming: Coming, app: Arc<C::App>, hub: Hub<C>, served: Arc<Served>) -> Self {
        let handler = Contained::new(handler);
        let room = handler.own_room();
        coming.identify(hub.channel(), room.key(), user_of(&*handler), &served.in_flight);
        Self { handler, room, coming, expires_at: None, place: None, app, hub, served }
    }

    /// Has it authorized. Where its user is disconnected meanwhile, it is let in to be told so.
    ///
    /// # Errors
    /// What `authorize` says; 401 where its authority has ended already, and 429 where its user has connections enough.
    pub async fn authorize(&mut self, admission: &AdmissionControl) -> Result<(), Reject> {
        let Self { handler, coming, expires_at, place, app, served, .. } = self;
        // Who has been sent away is asked nothing more.
        if let Either::Right((authorized, _)) =
            select(pin!(coming.until_sent_away()), pin!(handler.authorized(app))).await
        {
            authorized?;
        }
        *expires_at = handler.expires();
        if expires_at.is_some_and(|end| served.node.clock.time_left(end).is_zero()) {
            return Err(Reject::unauthorized("it has expired"));
        }
        *place = admission.admit_user(&served.config, coming.user())?;
        Ok(())
    }

    /// Runs the connection to its end, in a task of its own, once its room is open.
    pub fn begin(mut self, io: Transport, read_ahead: Vec<u8>, admission: AdmissionGuard, deflate: Option<Agreed>) {
        let admission = admission.and(self.place.take());
        let (stream, socket) = io.split();
        let limits =
            Limits { message: self.served.config.message_bytes, fragments: self.served.config.message_fragments };
        let parser = Parser::new(Role::Server, limits).framing(self.served.config.frame_bytes).inflating(deflate);
        let intake = Intake::new(stream, parser);
        let client = Client { intake, socket, read_ahead, has_ended: false, deflate, admission };
        match room_hooks::grace::<C>(&self.served.config) {
            None => self.start(client),
            Some(_) => drop(tokio::spawn(self.come(client))),
        }
    }

    /// Waits until the room is open. Where it can't be, and where the connection ends before, the client is told.
    fn come(self, mut client: Client) -> impl Future<Output = ()> + Send {
        let Self { room, app, hub, served, .. } = &self;
        let busy = served.in_flight.begin(Work::Session { channel: C::NAME, what: "on_room_open" });
        let counted = served.node.shutdown.begin_session();
        let steward = Arc::new(Steward {
            room: room.clone(),
            app: Arc::clone(app),
            hub: hub.clone(),
            served: Arc::clone(served),
        });
        async move {
            let farewell = match wait(&mut client, steward, &self.coming, self.expires_at).await {
                Waited::Open(_stay) => {
                    // In another task, for this one is larger than a connection's need be. It is in the room already.
                    self.start(client);
                    return drop((counted, busy));
                }
                Waited::Refused(refusal) => refusal.frames(),
                Waited::Ended(close) => {
                    let connection = self.coming.id;
                    tracing::debug!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "ends before it is in");
                    close_reply(&close).as_deref().unwrap_or_default().to_vec()
                }
            };
            client.turn_away(&farewell, self.served.config.close_timeout).await;
            drop((counted, busy));
        }
    }

    /// Makes the connection a member of its rooms and starts the task that runs it to its end.
    fn start(self, client: Client) {
        let Self { handler, room, coming, expires_at, app, hub, served, .. } = self;
        let (node, config) = (&served.node, &served.config);
        let session = node.shutdown.begin_session();
        let busy = served.in_flight.begin(Work::Session { channel: C::NAME, what: "on_connect" });
        let newcomer = Newcomer {
            id: coming.id,
            channel: hub.channel(),
            room: Arc::clone(room.key()),
            user: coming.user().cloned(),
            comer: coming.comer(),
            deflate: client.deflate,
            error_details: config.error_details,
            outbox_bytes: config.outbox_bytes,
            activity: served.in_flight.clone(),
        };
        // A room that opens makes its state, which is the user's code.
        let entered = match coming.sent_away() {
            Some(close) => Err(close),
            None => contain(|| node.enter(newcomer)).map_err(|_| {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, %id, "the `room_state` of a room panicked");
                Close::new(ClosedBy::Panic, CloseCode::INTERNAL, format!("{} ({id})", fault.message))
            }),
        };
        let membership = match entered {
            Ok(membership) => membership,
            Err(close) => {
                tokio::spawn(async move {
                    let farewell = close_reply(&close);
                    client.turn_away(farewell.as_deref().unwrap_or_default(), served.config.close_timeout).await;
                    drop((session, busy));
                });
                return;
            }
        };
        let connection = &membership.connection;
        if let Some(close) = coming.arrive() {
            connection.outbox.close(close);
        }
        heartbeat::watch(&served.heartbeat, &node.registry, config);
        let expiry = Expiry::watch(expires_at, &node.clock, connection, config.auth_warning);
        let socket = Socket::new(Arc::clone(node), Arc::clone(connection));
        let Client { intake, socket: writes, read_ahead, admission, .. } = client;
        let link = Link::new(intake, writes, read_ahead, membership, served);
        tokio::spawn(Session::new(handler, socket, app, link, expiry, busy, (session, admission)).run());
    }
}

/// How the wait for a room ended.
enum Waited {
    Open(Stay),
    /// The room can't be opened.
    Refused(Rejection),
    /// The connection ended before.
    Ended(Close),
}

/// Waits for the room, as long as the connection lasts.
async fn wait<C: Dispatch>(
    client: &mut Client,
    steward: Arc<Steward<C>>,
    coming: &Coming,
    expires_at: Option<SystemTime>,
) -> Waited {
    let node = Arc::clone(&steward.served.node);
    // Made before the look, so that it is not missed between the two.
    let stops = node.shutdown.drain_started();
    if node.shutdown.is_draining() {
        return Waited::Refused(Rejection::going_away());
    }
    let mut comes = pin!(room_hooks::come(steward));
    let mut ends = pin!(ends(stops, coming, &node.clock, expires_at));
    poll_fn(|cx| {
        // First, for most rooms are open.
        if let Poll::Ready(outcome) = comes.as_mut().poll(cx) {
            return Poll::Ready(outcome.map_or_else(Waited::Refused, Waited::Open));
        }
        match ends.as_mut().poll(cx) {
            Poll::Ready(close) => Poll::Ready(Waited::Ended(close)),
            Poll::Pending => client.poll_left(cx).map(Waited::Ended),
        }
    })
    .await
}

/// Ready when the connection ends, whatever becomes of its room.
async fn ends(
    stops: impl Future<Output = ()>,
    coming: &Coming,
    clock: &Arc<Clock>,
    expires_at: Option<SystemTime>,
) -> Close {
    let stopped = pin!(stops.map(|()| Close::going_away()));
    let expired = pin!(clock::until(clock, expires_at).map(|()| expired()));
    let sent_away = pin!(coming.until_sent_away());
    select(sent_away, select(stopped, expired).map(|ended| ended.factor_first().0)).await.factor_first().0
}

/// The client of a connection that has not begun.
struct Client {
    intake: Intake,
    socket: Option<OwnedWriteHalf>,
    /// What it sent behind its handshake.
    read_ahead: Vec<u8>,
    /// It says no more; what it has said waits.
    has_ended: bool,
    deflate: Option<Agreed>,
    admission: AdmissionGuard,
}

impl Client {
    /// Ready when it has left, or broken the protocol. Not where it has said something before it left: that is handled, as if it
    /// had left a moment later.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Close> {
        while !self.has_ended && !self.intake.is_full() {
            let came = match std::mem::take(&mut self.read_ahead) {
                empty if empty.is_empty() => ready!(self.intake.poll_read(cx)),
                mut read_ahead => Ok(Some(self.intake.feed(&mut read_ahead))),
            };
            let left = match came {
                Ok(Some(Came { result: Err(violation), .. })) => return Poll::Ready(violation.into()),
                Ok(Some(Came { before, .. })) => self.intake.count(&before).find_map(close_in),
                Ok(None) => Some(Close::lost(STREAM_ENDED)),
                Err(error) => Some(Close::lost(error.to_string())),
            };
            match left {
                Some(close) if !self.intake.has_message() => return Poll::Ready(close),
                left => self.has_ended = left.is_some(),
            }
        }
        Poll::Pending
    }

    /// Ends the connection with these frames, a Close at their end where it is told anything; cut after `patience`.
    async fn turn_away(mut self, frames: &[u8], patience: Duration) {
        close::turn_away(self.intake.stream(), self.socket.take(), frames, patience).await;
    }
}
