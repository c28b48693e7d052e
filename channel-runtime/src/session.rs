//! One connection's task: it owns the handler and the link to the client.
//!
//! Hooks and handlers of a connection run one after another. While one of them waits, the link goes on writing what is
//! sent and reading what comes. `on_close` runs exactly once if `on_connect` was begun, whatever happened.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::Either;

use crate::activity::{Activity, Token, Work};
use crate::authority;
use crate::batch::Gathering;
use crate::channel::Channel;
use crate::codec::{self, DecodeError};
use crate::config::Config;
use crate::describe::parts::MessageShape;
use crate::door::Admission;
use crate::expiry::{Expiry, time_left};
use crate::fault::Fault;
use crate::heartbeat;
use crate::hub::Hub;
use crate::link::{self, Link, Step};
use crate::members::Visit;
use crate::message::Messages;
use crate::overlap::{self, Held, Overlap};
use crate::place::{self, Refusal, Steward};
use crate::registry::{Membership, Newcomer, SessionGuard, UserKey};
use crate::reject::Reject;
use crate::reply::{Flow, Handling};
use crate::room::Room;
use crate::socket::Socket;
use crate::spans::{ConnectionSpan, MessageSpan};
use crate::turn::{Allowance, BoxFuture, Guarded, Interrupted, run};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::deflate::Agreed;
use crate::wire::frame::close_frame;
use crate::wire::parser::Input;
use crate::wire::transport::Transport;

/// A connection that has been accepted and has not begun.
pub(crate) struct Session<C: Channel> {
    handler: C,
    /// Its path's room.
    room: Room<C>,
    user: Option<UserKey>,
    expires_at: Option<SystemTime>,
    app: Arc<C::App>,
    hub: Hub<C>,
    config: Arc<Config>,
    activity: Activity,
}

impl<C: Channel> Session<C> {
    /// Reads what the handler says of itself: that is the user's code, and may panic where an upgrade can still be refused.
    ///
    /// # Errors
    /// 401 where its authority has ended already.
    pub fn new(
        handler: C,
        app: Arc<C::App>,
        hub: Hub<C>,
        config: Arc<Config>,
        activity: Activity,
    ) -> Result<Self, Reject> {
        let room = handler.own_room();
        let user = handler.identified().map(|identity| UserKey::new(&identity));
        let expires_at = handler.expires();
        if expires_at.is_some_and(|end| time_left(end).is_zero()) {
            return Err(Reject::unauthorized("it has expired"));
        }
        Ok(Self { handler, room, user, expires_at, app, hub, config, activity })
    }

    /// Runs the connection to its end, in a task of its own, once its room is open.
    pub fn begin(self, io: Transport, read_ahead: Vec<u8>, admission: Admission, deflate: Option<Agreed>) {
        match place::grace::<C>(&self.config) {
            None => drop(tokio::spawn(self.start(io, read_ahead, admission, deflate))),
            Some(_) => drop(tokio::spawn(self.come(io, read_ahead, admission, deflate))),
        }
    }

    /// Waits until the room is open; where it can't be, the client is told.
    fn come(
        self,
        io: Transport,
        read_ahead: Vec<u8>,
        admission: Admission,
        deflate: Option<Agreed>,
    ) -> impl Future<Output = ()> + Send {
        let Self { room, app, hub, config, activity, .. } = &self;
        let busy = activity.begin(Work::Session { channel: C::NAME, what: "on_room_open" });
        let counted = hub.registry().begin_session();
        let steward = Arc::new(Steward {
            room: room.clone(),
            app: Arc::clone(app),
            hub: hub.clone(),
            config: Arc::clone(config),
            activity: activity.clone(),
        });
        async move {
            let stay = match self.hub.registry().is_stopping() {
                true => Err(Refusal::going_away()),
                false => place::come(steward).await,
            };
            match stay {
                // In another task, for this one is larger than a connection's need be. It is in the room already.
                Ok(_stay) => drop(tokio::spawn(self.start(io, read_ahead, admission, deflate))),
                Err(refusal) => link::turn_away(io, &refusal.frames(), self.config.close_timeout).await,
            }
            drop((counted, busy));
        }
    }

    /// Makes the connection a member of its rooms and returns the task that runs it to its end.
    fn start(
        self,
        io: Transport,
        read_ahead: Vec<u8>,
        admission: Admission,
        deflate: Option<Agreed>,
    ) -> impl Future<Output = ()> + Send + use<C> {
        let Self { handler, room, user, expires_at, app, hub, config, activity } = self;
        let registry = Arc::clone(hub.registry());
        let counted = (registry.begin_session(), admission);
        let busy = activity.begin(Work::Session { channel: C::NAME, what: "on_connect" });
        let outbox_bytes = config.outbox_bytes;
        let room = Arc::clone(room.key());
        let error_details = config.error_details;
        let newcomer = Newcomer { channel: hub.channel(), room, user, deflate, error_details, outbox_bytes, activity };
        // A room that opens makes its state, which is the user's code.
        let Ok(membership) = catch_unwind(AssertUnwindSafe(|| registry.enter(newcomer))) else {
            let (fault, id) = Fault::unexplained();
            tracing::error!(channel = C::NAME, %id, "the `room_state` of a room panicked");
            let timeout = config.close_timeout;
            let turned_away: BoxFuture<'static, ()> = Box::pin(async move {
                let close = close_frame(CloseCode::INTERNAL, &format!("{} ({id})", fault.message));
                link::turn_away(io, &close, timeout).await;
                drop((counted, busy));
            });
            return Either::Right(turned_away);
        };
        heartbeat::watch(&registry, &config);
        let connection = Arc::clone(&membership.connection);
        let expiry = Expiry::watch(expires_at, &connection, config.auth_warning);
        let link = Link::new(io, read_ahead, Arc::clone(&connection), registry, config);
        let _visit = connection.own_room.visit();
        let socket = Socket::new(hub, connection);
        let membership = Some(membership);
        let span = ConnectionSpan::new(&socket, link.config().log_users);
        let running = Running { handler, socket, app, link, span, expiry, membership, _visit, _counted: counted };
        Either::Left(running.run(busy))
    }
}

/// A connection that has begun.
struct Running<C: Channel> {
    handler: C,
    socket: Socket<C>,
    app: Arc<C::App>,
    link: Link,
    span: ConnectionSpan,
    /// The end of its authority, where it has one.
    expiry: Option<Expiry>,
    /// Nothing once it has ended and is about to be told so.
    membership: Option<Membership>,
    /// Dropped after all that it may be the last to use: the state of the room.
    _visit: Visit,
    /// Dropped last: then it has ended.
    _counted: (SessionGuard, Admission),
}

impl<C: Channel> Running<C> {
    /// The task. What it holds is what an idle connection costs: so nothing is moved within it, which would have it held
    /// twice, and what runs once for each connection is boxed.
    fn run(mut self, busy: Token) -> impl Future<Output = ()> + Send {
        let mut busy = Some(busy);
        async move {
            Box::pin(self.connect()).await;
            while let Some(step) = self.next(&mut busy).await {
                if !may_pass::<C>(&mut self.link, &step) {
                    continue;
                }
                if const { overlap::overlaps::<C>() } && overlap::concurrent::<C>(&step).is_some() {
                    Box::pin(self.overlap(step)).await;
                    continue;
                }
                let Some((begun, turn)) = self.handle(step) else { continue };
                // A fault has been sent, and costs the connection nothing.
                let outcome = turn.await;
                begun.end(&self.socket, outcome);
            }
            Box::pin(self.end()).await;
        }
    }

    async fn connect(&mut self) {
        let hook = Box::pin(self.handler.connected(&self.socket, &self.app));
        let hook = Guarded::new(hook, Allowance::usual(&self.link)).within(self.span.of_hook());
        match run(&mut self.link, hook).await {
            Ok(Flow::Continue) => {}
            Ok(Flow::Failed(code)) => {
                self.socket.close(code, "refused");
            }
            Err(Interrupted::TimedOut) => {
                timed_out(&self.socket, "on_connect");
                self.socket.close(CloseCode::TRY_AGAIN, "timeout");
            }
            Err(why) => interrupted(&self.socket, why, "on_connect"),
        }
        self.socket.connection().outbox.welcome_is_over();
    }

    /// What to handle next; nothing when the connection ends. While it waits, nothing of this session is in flight.
    async fn next(&mut self, busy: &mut Option<Token>) -> Option<Step> {
        poll_fn(|cx| {
            // Counted before it reads: what it reads is not counted as unread any more.
            busy.get_or_insert_with(|| begin::<C>(&self.socket, "its next step"));
            let next = self.link.poll_next(cx);
            if next.is_pending() && !self.link.has_input() {
                *busy = None;
            }
            next
        })
        .await
    }

    /// Handlers that may overlap, and what came behind them and has to wait, until no such message is next.
    async fn overlap(&mut self, first: Step) {
        let mut held = Some(Held::of(first));
        while let Some(next) = held.take() {
            let Self { handler, socket, app, link, span, .. } = self;
            let (begun, turn) = match next {
                Held::Message { .. } => {
                    socket.begin_turn(None);
                    held = handler.overlap(Overlap { socket, app, link, span, first: next }).0.await;
                    continue;
                }
                // Once we end the connection, nothing more is handled.
                _ if link.is_closing() => return,
                Held::Alone(step) => match self.handle(step) {
                    Some((begun, turn)) => (begun, Either::Left(turn)),
                    None => return,
                },
                Held::Invalid(error, own) => {
                    // Its own claim to an answer.
                    *socket = own;
                    socket.counts().invalid.add(1);
                    let begun = Begun::hook(socket, "on_invalid");
                    let allowance = Allowance::usual(link);
                    let hook = Guarded::new(Box::pin(handler.invalid(error, socket, app)), allowance);
                    (begun, Either::Right(run(link, hook.within(span.of_hook()))))
                }
            };
            let outcome = turn.await;
            begun.end(&self.socket, outcome);
        }
    }

    /// Begins a turn: what it is, and what runs it.
    fn handle(&mut self, step: Step) -> Option<(Begun, impl Future<Output = Result<Flow, Interrupted>>)> {
        let Self { handler, socket, app, link, span, expiry, .. } = self;
        // What a message may be answered with once; other input claims no answer.
        socket.begin_turn(None);
        if let Step::Input(Input::Text(text)) = &step {
            log_payload(link, span, text);
        }
        let (what, future): (_, BoxFuture<'_, Flow>) = match step {
            Step::Notice(mut notice) => {
                notice.arrive();
                (notice.handler(), Box::pin(handler.noticed(notice, socket, app)))
            }
            Step::Input(Input::Text(text)) => match decode::<C>(&text, socket) {
                Ok(Ok(message)) => {
                    let index = message.index();
                    socket.counts().receive(index);
                    let what = C::FromClient::TYPES[index];
                    let allowance = match C::TURNS {
                        [] => Allowance::usual(link),
                        turns => Allowance::of(turns[index], link),
                    };
                    let begun = Begun::message(socket, span, what);
                    let own: &Socket<C> = socket;
                    // One that is not `async` runs here, and may panic.
                    let handle = || match C::BATCHED.get(index) {
                        Some(true) => {
                            C::gather(message, Gathering { socket: own, app, config: Arc::clone(link.config()) })
                        }
                        _ => handler.handle(message, own, app),
                    };
                    let called = || begun.span.within(handle);
                    let outcome = match catch_unwind(AssertUnwindSafe(called)) {
                        Ok(Handling::Later(future)) => {
                            let running = Guarded::new(future, allowance).within(begun.span.clone());
                            return Some((begun, run(link, running)));
                        }
                        Ok(Handling::Done(flow)) => Ok(flow),
                        Err(_) => Err(Interrupted::Panicked),
                    };
                    begun.end(own, outcome);
                    return None;
                }
                Ok(Err(error)) => match C::REFRESHES.then(|| authority::token_in(&text, &error)).flatten() {
                    Some(token) => {
                        let warning = link.config().auth_warning;
                        ("on_refresh", Box::pin(authority::refresh(handler, token, socket, app, expiry, warning)))
                    }
                    None => {
                        socket.counts().invalid.add(1);
                        ("on_invalid", Box::pin(handler.invalid(error, socket, app)))
                    }
                },
                Err(why) => {
                    interrupted(socket, why, "reading a message");
                    return None;
                }
            },
            Step::Input(Input::Binary(data)) => {
                socket.counts().binary.add(1);
                match C::TAKES_BINARY {
                    true => ("on_binary", Box::pin(handler.binary(data, socket, app))),
                    false => ("on_invalid", Box::pin(handler.invalid(DecodeError::Binary, socket, app))),
                }
            }
            Step::Input(Input::Ping(data)) => ("on_ping", Box::pin(handler.pinged(data, socket, app))),
            Step::Input(Input::Pong(data)) => ("on_pong", Box::pin(handler.ponged(data, socket, app))),
            // The link keeps it: it is how the connection ends, after all input before it.
            Step::Input(Input::Close(_)) => return None,
        };
        let allowance = Allowance::usual(link);
        let running = Guarded::new(future, allowance).within(span.of_hook());
        Some((Begun::hook(socket, what), run(link, running)))
    }

    async fn end(&mut self) {
        let close = self.link.end();
        self.membership = None;
        self.expiry = None;
        // What a notice holds may panic when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| self.socket.connection().inbox.clear()));
        self.close(close).await;
        self.link.finish().await;
    }

    /// Runs `on_close`; the connection is no member of anything any more.
    async fn close(&mut self, close: Close) {
        self.socket.begin_turn(None);
        let _work = begin(&self.socket, "on_close");
        self.socket.counts().end(close.by);
        let connection = self.socket.id();
        if matches!(close.by, ClosedBy::SlowClient | ClosedBy::RateLimited) {
            tracing::info!(channel = C::NAME, %connection, close = %close.for_log(), "a client was disconnected");
        } else {
            tracing::debug!(channel = C::NAME, %connection, close = %close.for_log(), "a connection ends");
        }
        let hook = Box::pin(self.handler.closed(close, &self.socket, &self.app));
        let allowance = Allowance { is_last: true, ..Allowance::usual(&self.link) };
        let hook = Guarded::new(hook, allowance).within(self.span.of_hook());
        if let Err(why) = run(&mut self.link, hook).await {
            interrupted(&self.socket, why, "on_close");
        }
    }
}

/// A turn that has begun.
struct Begun {
    what: &'static str,
    span: MessageSpan,
    _work: Token,
}

impl Begun {
    fn hook<C: Channel>(socket: &Socket<C>, what: &'static str) -> Self {
        Self { what, span: MessageSpan::default(), _work: begin(socket, what) }
    }

    fn message<C: Channel>(socket: &Socket<C>, span: &ConnectionSpan, what: &'static str) -> Self {
        Self { span: MessageSpan::new::<C>(span, what), ..Self::hook(socket, what) }
    }

    fn end<C: Channel>(self, socket: &Socket<C>, outcome: Result<Flow, Interrupted>) {
        self.span.end(&outcome);
        if let Err(why) = outcome {
            interrupted(socket, why, self.what);
        }
    }
}

/// The client is told, whatever it asked; the connection goes on.
fn timed_out<C: Channel>(socket: &Socket<C>, what: &'static str) {
    let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
    tracing::warn!(channel = C::NAME, connection = %socket.id(), what, %id, "timed out");
    socket.answer_fault(&fault);
}

/// A message that was not handled to its end is answered nevertheless, and its connection closed.
pub(crate) fn interrupted<C: Channel>(socket: &Socket<C>, interrupted: Interrupted, what: &'static str) {
    let close = match interrupted {
        Interrupted::Panicked => {
            let (fault, id) = Fault::unexplained();
            tracing::error!(channel = C::NAME, connection = %socket.id(), what, %id, "panicked");
            if socket.awaits_answer() {
                socket.answer_fault(&fault);
            }
            // Without a `ref` this is all that its client hears.
            Close::new(ClosedBy::Panic, CloseCode::INTERNAL, format!("{} ({id})", fault.message))
        }
        Interrupted::Cancelled => {
            tracing::warn!(channel = C::NAME, connection = %socket.id(), what, "cancelled: the server stops");
            Close::going_away()
        }
        Interrupted::TimedOut => return timed_out(socket, what),
        Interrupted::Left => {
            tracing::debug!(channel = C::NAME, connection = %socket.id(), what, "dropped: its client is gone");
            return;
        }
    };
    socket.connection().outbox.close(close);
}

/// Counts a step of the session, where a test counts.
pub(crate) fn begin<C: Channel>(socket: &Socket<C>, what: &'static str) -> Token {
    socket.connection().outbox.activity().begin(Work::Session { channel: C::NAME, what })
}

/// What a client says is its own, and is logged only where that was asked for; a token never is.
pub(crate) fn log_payload(link: &Link, span: &ConnectionSpan, text: &str) {
    if link.config().log_payloads && !authority::may_hold_token(text) {
        span.within(|| tracing::trace!(payload = text, "received"));
    }
}

/// Whether a step is no message of a type with a rate, or came within that; else it has been answered.
pub(crate) fn may_pass<C: Channel>(link: &mut Link, step: &Step) -> bool {
    let shapes = <C::FromClient as Messages>::SHAPES;
    if const { !has_rates(<C::FromClient as Messages>::SHAPES) } {
        return true;
    }
    let Step::Input(Input::Text(text)) = step else { return true };
    let Some(index) = codec::index::<C::FromClient>(text) else { return true };
    shapes[index].rate.is_none_or(|rate| link.may_pass(text, index, rate))
}

const fn has_rates(mut shapes: &[MessageShape]) -> bool {
    while let [first, rest @ ..] = shapes {
        if first.rate.is_some() {
            return true;
        }
        shapes = rest;
    }
    false
}

/// Reads a message and begins its turn. A payload's `Deserialize` and its rules are the user's code, and may panic.
pub(crate) fn decode<C: Channel>(
    text: &str,
    socket: &mut Socket<C>,
) -> Result<Result<C::FromClient, DecodeError>, Interrupted> {
    let decoded = catch_unwind(|| codec::decode::<C::FromClient>(text)).map_err(|_| Interrupted::Panicked)?;
    socket.begin_turn(decoded.reference);
    let Ok(message) = decoded.message else { return Ok(decoded.message) };
    let checked = catch_unwind(AssertUnwindSafe(|| message.check())).map_err(|_| Interrupted::Panicked)?;
    Ok(checked.map(|()| message))
}
