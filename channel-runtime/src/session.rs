//! One connection's task: it owns the handler and the link to the client.
//!
//! Hooks and handlers of a connection run one after another. While one of them waits, the link goes on writing what is
//! sent and reading what comes. `on_close` runs exactly once if `on_connect` was begun, whatever happened.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select;
use tokio::time::sleep;

use crate::activity::{Activity, Token, Work};
use crate::channel::Channel;
use crate::codec::{self, DecodeError};
use crate::config::Config;
use crate::fault::Fault;
use crate::heartbeat;
use crate::hub::Hub;
use crate::link::{self, Link};
use crate::members::Visit;
use crate::message::Messages;
use crate::registry::{Membership, Newcomer, Registry, SessionGuard, UserKey};
use crate::reply::Flow;
use crate::socket::Socket;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::parser::Input;
use crate::wire::transport::Transport;

/// A connection that has been accepted and has not begun.
pub(crate) struct Session<C: Channel> {
    handler: C,
    /// The name of its path's room.
    room: Arc<str>,
    user: Option<UserKey>,
    app: Arc<C::App>,
    hub: Hub<C>,
    config: Arc<Config>,
    activity: Activity,
}

impl<C: Channel> Session<C> {
    /// Reads what the handler says of itself: that is the user's code, and may panic where an upgrade can still be refused.
    pub fn new(handler: C, app: Arc<C::App>, hub: Hub<C>, config: Arc<Config>, activity: Activity) -> Self {
        let room = Arc::clone(handler.own_room().key());
        let user = handler.identified().map(|identity| UserKey::new(&identity));
        Self { handler, room, user, app, hub, config, activity }
    }

    /// Makes the connection a member of its rooms and returns the task that runs it to its end.
    pub fn start(self, io: Transport, read_ahead: Vec<u8>) -> impl Future<Output = ()> + Send + use<C> {
        let Self { handler, room, user, app, hub, config, activity } = self;
        let registry = Arc::clone(hub.registry());
        let counted = registry.begin_session();
        let busy = activity.begin(Work::Session { channel: C::NAME, what: "on_connect" });
        let newcomer = Newcomer { channel: hub.channel(), room, user, outbox_bytes: config.outbox_bytes, activity };
        // A room that opens makes its state, which is the user's code.
        let entered = catch_unwind(AssertUnwindSafe(|| registry.enter(newcomer)));
        let begun = match entered {
            Ok(membership) => {
                heartbeat::watch(&registry, &config);
                let connection = Arc::clone(&membership.connection);
                let link = Link::new(io, read_ahead, Arc::clone(&connection), &config);
                let _visit = connection.own_room.visit();
                let socket = Socket::new(hub, connection);
                Ok((Running { handler, socket, app, link, registry, config, _visit }, membership))
            }
            Err(_) => Err((io, config.close_timeout)),
        };
        async move {
            match begun {
                Ok((running, membership)) => running.run(membership, counted, busy).await,
                Err((io, timeout)) => {
                    tracing::error!(channel = C::NAME, "the `room_state` of a room panicked");
                    link::turn_away(io, CloseCode::INTERNAL, "internal server error", timeout).await;
                }
            }
        }
    }
}

/// A connection that has begun.
struct Running<C: Channel> {
    handler: C,
    socket: Socket<C>,
    app: Arc<C::App>,
    link: Link,
    registry: Arc<Registry>,
    config: Arc<Config>,
    /// Dropped last: it may be what keeps the state of the room.
    _visit: Visit,
}

impl<C: Channel> Running<C> {
    async fn run(mut self, membership: Membership, _counted: SessionGuard, busy: Token) {
        let mut busy = Some(busy);
        self.connect().await;
        while let Some(input) = self.next(&mut busy).await {
            self.handle(input).await;
        }
        let close = self.link.end();
        drop(membership);
        self.close(close).await;
        self.link.finish(self.config.close_timeout, self.registry.has_given_up()).await;
    }

    async fn connect(&mut self) {
        let hook = Box::pin(self.handler.connected(&self.socket, &self.app));
        let limits = Limits::of(&self.registry, &self.config);
        match run(&mut self.link, hook, limits).await {
            Ok(Flow::Continue) => {}
            Ok(Flow::Failed(code)) => {
                self.socket.close(code, "refused");
            }
            Err(Interrupted::TimedOut) => {
                self.timed_out("on_connect");
                self.socket.close(CloseCode::TRY_AGAIN, "timeout");
            }
            Err(interrupted) => self.interrupted(interrupted, "on_connect"),
        }
        self.socket.connection().outbox.welcome_is_over();
    }

    /// The next input to handle; none when the connection ends. While it waits, nothing of this session is in flight.
    async fn next(&mut self, busy: &mut Option<Token>) -> Option<Input> {
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

    async fn handle(&mut self, input: Input) {
        let Self { handler, socket, app, link, registry, config, .. } = self;
        // What a message may be answered with once; other input claims no answer.
        socket.begin_turn(None);
        let (what, future): (_, BoxFuture<'_, Flow>) = match input {
            Input::Text(text) => match decode::<C>(&text, socket) {
                Ok(Ok(message)) => {
                    let what = C::FromClient::TYPES[message.index()];
                    (what, Box::pin(handler.handle(message, socket, app)))
                }
                Ok(Err(error)) => ("on_invalid", Box::pin(handler.invalid(error, socket, app))),
                Err(interrupted) => return self.interrupted(interrupted, "reading a message"),
            },
            Input::Binary(data) if C::TAKES_BINARY => ("on_binary", Box::pin(handler.binary(data, socket, app))),
            Input::Binary(_) => ("on_invalid", Box::pin(handler.invalid(DecodeError::Binary, socket, app))),
            Input::Ping(data) => ("on_ping", Box::pin(handler.pinged(data, socket, app))),
            Input::Pong(data) => ("on_pong", Box::pin(handler.ponged(data, socket, app))),
            // The link keeps it: it is how the connection ends, after all input before it.
            Input::Close(_) => return,
        };
        let _work = begin(socket, what);
        // A fault has been sent, and costs the connection nothing.
        if let Err(interrupted) = run(link, future, Limits::of(registry, config)).await {
            self.interrupted(interrupted, what);
        }
    }

    /// Runs `on_close`; the connection is no member of anything any more.
    async fn close(&mut self, close: Close) {
        self.socket.begin_turn(None);
        let _work = begin(&self.socket, "on_close");
        if close.by == ClosedBy::SlowClient {
            tracing::info!(channel = C::NAME, connection = %self.socket.id(), "a slow client was disconnected");
        } else {
            tracing::debug!(channel = C::NAME, connection = %self.socket.id(), %close, "a connection ends");
        }
        let hook = Box::pin(self.handler.closed(close, &self.socket, &self.app));
        let limits = Limits { grace: self.config.shutdown_timeout, ..Limits::of(&self.registry, &self.config) };
        if let Err(interrupted) = run(&mut self.link, hook, limits).await {
            self.interrupted(interrupted, "on_close");
        }
    }

    /// The client is told, whatever it asked; the connection goes on.
    fn timed_out(&self, what: &'static str) {
        tracing::warn!(channel = C::NAME, connection = %self.socket.id(), what, "timed out");
        self.socket.answer_fault(&Fault::new(Fault::TIMEOUT, "it took too long"));
    }

    /// A message that was not handled to its end is answered nevertheless, and its connection closed.
    fn interrupted(&self, interrupted: Interrupted, what: &'static str) {
        let close = match interrupted {
            Interrupted::Panicked => {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, connection = %self.socket.id(), what, %id, "panicked");
                if self.socket.awaits_answer() {
                    self.socket.answer_fault(&fault);
                }
                Close::new(ClosedBy::Panic, CloseCode::INTERNAL, "internal server error")
            }
            Interrupted::Cancelled => {
                tracing::warn!(channel = C::NAME, connection = %self.socket.id(), what, "cancelled: the server stops");
                Close::going_away()
            }
            Interrupted::TimedOut => return self.timed_out(what),
        };
        self.socket.connection().outbox.close(close);
    }
}

/// What a handler or hook may take.
struct Limits<'a> {
    registry: &'a Arc<Registry>,
    timeout: Option<Duration>,
    /// What is left once the server gives up.
    grace: Duration,
}

impl<'a> Limits<'a> {
    fn of(registry: &'a Arc<Registry>, config: &Config) -> Self {
        Self { registry, timeout: config.handler_timeout, grace: Duration::ZERO }
    }

    /// Ready when it has had all that it may take.
    fn end(&self) -> BoxFuture<'static, Interrupted> {
        let Self { timeout, grace, .. } = *self;
        let registry = Arc::clone(self.registry);
        Box::pin(async move {
            let cancelled = async {
                registry.has_given_up().await;
                sleep(grace).await;
                Interrupted::Cancelled
            };
            match timeout {
                None => cancelled.await,
                Some(timeout) => {
                    select(pin!(cancelled), pin!(sleep(timeout).map(|()| Interrupted::TimedOut))).await.factor_first().0
                }
            }
        })
    }
}

/// Counts a step of the session, where a test counts.
fn begin<C: Channel>(socket: &Socket<C>, what: &'static str) -> Token {
    socket.connection().outbox.activity().begin(Work::Session { channel: C::NAME, what })
}

/// Reads a message and begins its turn. A payload's `Deserialize` is the user's code, and may panic.
fn decode<C: Channel>(text: &str, socket: &mut Socket<C>) -> Result<Result<C::FromClient, DecodeError>, Interrupted> {
    let decoded = catch_unwind(|| codec::decode(text)).map_err(|_| Interrupted::Panicked)?;
    socket.begin_turn(decoded.reference);
    Ok(decoded.message)
}

/// A handler's or hook's future: boxed while it runs, so that an idle connection is small.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a handler or hook came to when it did not return.
enum Interrupted {
    Panicked,
    /// The server stops, and has waited for it long enough.
    Cancelled,
    /// It has waited for something for longer than it may.
    TimedOut,
}

/// Runs a handler or hook while the link goes on.
async fn run<T>(link: &mut Link, future: BoxFuture<'_, T>, limits: Limits<'_>) -> Result<T, Interrupted> {
    let mut running = Some(future);
    // Made only for those that wait at all.
    let mut end: Option<BoxFuture<'static, Interrupted>> = None;
    let outcome = poll_fn(|cx| {
        link.cork();
        let Some(future) = &mut running else { unreachable!("polled after it was ready") };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(value)) => return Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => link.poll_io(cx),
            Err(_) => return Poll::Ready(Err(Interrupted::Panicked)),
        }
        end.get_or_insert_with(|| limits.end()).as_mut().poll(cx).map(Err)
    })
    .await;
    // What the future still owns may panic too when it is dropped.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(running.take())));
    match dropped {
        Ok(()) => outcome,
        Err(_) => Err(Interrupted::Panicked),
    }
}
