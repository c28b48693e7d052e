//! Runs the user's code: a connection's hooks and handlers, batches, and the opening and closing of rooms.
//!
//! Panics, deadlines and shutdown are its business: each ends where it began. Imports all below it, from `socket` to `wire`.
//!
//! [`Session`] is one connection's task: it owns the handler and the link to the client.
//!
//! Hooks and handlers of a connection run one after another. While one of them waits, the link goes on writing what is
//! sent and reading what comes. `on_close` runs exactly once if `on_connect` was begun, whatever happened.

pub(crate) mod batch;
mod budget;
mod concurrent;
pub(crate) mod dispatch;
pub(crate) mod driver;
pub(crate) mod enter;
mod expiry;
pub(crate) mod guard;
pub(crate) mod half_channel;
pub(crate) mod handler_options;
pub(crate) mod handling;
pub(crate) mod heartbeat;
mod outcome;
mod owed;
pub(crate) mod quota;
pub(crate) mod refresh;
pub(crate) mod rejection;
pub(crate) mod room_hooks;
pub(crate) mod served;
mod spans;
mod step;
mod throttle;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::Either;

use crate::connection::contained::Contained;
use crate::connection::in_flight::Token;
use crate::connection::shutdown::SessionGuard;
use crate::handshake::admission::AdmissionGuard;
use crate::protocol::escaped::Escaped;
use crate::room::state::Visit;
use crate::session::concurrent::Held;
use crate::session::dispatch::Dispatch;
use crate::session::driver::{Link, Step};
use crate::session::expiry::Expiry;
use crate::session::guard::{Allowance, BoxFuture, Guarded, Interrupted, run};
use crate::session::outcome::{Begun, begin, interrupted, timed_out};
use crate::session::spans::ConnectionSpan;
use crate::session::step::{Stage, may_pass};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// A connection that has begun.
pub(crate) struct Session<C: Dispatch> {
    handler: Contained<C>,
    socket: Socket<C>,
    app: Arc<C::App>,
    link: Link,
    span: ConnectionSpan,
    /// The end of its authority, where it has one.
    expiry: Option<Expiry>,
    /// Dropped after all that it may be the last to use: the state of the room.
    _visit: Visit,
    /// Dropped behind all that it is counted for: then it has ended.
    _counted: (SessionGuard, AdmissionGuard),
    /// While anything of it is in flight, its end included: dropped last.
    busy: Token,
}

impl<C: Dispatch> Session<C> {
    pub fn new(
        handler: Contained<C>,
        socket: Socket<C>,
        app: Arc<C::App>,
        link: Link,
        expiry: Option<Expiry>,
        busy: Token,
        counted: (SessionGuard, AdmissionGuard),
    ) -> Self {
        let _visit = socket.connection().own_room.visit();
        let span = ConnectionSpan::new(&socket, link.config().log_users);
        Self { handler, socket, app, link, span, expiry, _visit, _counted: counted, busy }
    }

    /// The task. What it holds is what an idle connection costs: so nothing is moved within it, which would have it held
    /// twice, and what runs once for each connection is boxed.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would hold the session twice")]
    pub fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            Box::pin(self.connect()).await;
            while Turn::Next(&mut self).await {}
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
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        // Counted before it reads: what it reads is not counted as unread any more.
        if !self.busy.counters() {
            self.busy = begin::<C>(&self.socket, "its next step");
        }
        let next = self.link.poll_next(cx);
        if next.is_pending() && !self.link.has_input() {
            self.busy.end();
        }
        next
    }

    /// Handlers that may overlap, and what came behind them and has to wait, until no such message is next.
    async fn overlap(&mut self, first: Step) {
        let mut held = Some(Held::of(first));
        while let Some(next) = held.take() {
            let Self { handler, socket, app, link, span, .. } = self;
            let (begun, turn) = match next {
                Held::Message { .. } => {
                    socket.begin_turn();
                    held = concurrent::run(handler.concurrent(app), socket, app, link, span, next).await;
                    continue;
                }
                // Once we end the connection, nothing more is handled.
                _ if link.is_closing() => return,
                Held::Alone(step) => match self.handle(step) {
                    Some((begun, _, turn)) => (begun, Either::Left(turn)),
                    None => return,
                },
                Held::Invalid(error, own) => {
                    // Its own claim to an answer.
                    *socket = own;
                    socket.counters().invalid.add(1);
                    let begun = Begun::hook(socket, "on_invalid");
                    let allowance = Allowance::usual(link).answering(socket);
                    let hook = Guarded::new(Box::pin(handler.invalid(error, socket, app)), allowance);
                    (begun, Either::Right(run(link, hook.within(span.of_hook()))))
                }
            };
            let outcome = turn.await;
            begun.end(&self.socket, outcome);
        }
    }

    /// Begins a turn: what it is, whose, and what runs it.
    fn handle(
        &mut self,
        step: Step,
    ) -> Option<(Begun, &Socket<C>, impl Future<Output = Result<Flow, Interrupted>> + Send + Unpin)> {
        let Self { handler, socket, app, link, span, expiry, .. } = self;
        let handler = &mut **handler;
        let (begun, socket, guarded) = Stage { handler, socket, app, link, span, expiry }.begin(step)?;
        Some((begun, socket, run(link, guarded)))
    }

    async fn end(&mut self) {
        if self.link.owes_answers() {
            Box::pin(owed::answered(&mut self.link)).await;
        }
        let close = self.link.end();
        self.link.leave();
        self.expiry = None;
        self.socket.connection().apart.inbox.clear();
        self.close(close).await;
        self.link.finish().await;
    }

    /// Runs `on_close`; the connection is no member of anything any more.
    async fn close(&mut self, close: Close) {
        self.socket.begin_turn();
        let _work = begin(&self.socket, "on_close");
        self.socket.counters().end(close.by);
        let connection = self.socket.id();
        if matches!(close.by, ClosedBy::SlowClient | ClosedBy::RateLimited) {
            tracing::info!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a client was disconnected");
        } else {
            tracing::debug!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a connection ends");
        }
        let hook = Box::pin(self.handler.closed(close, &self.socket, &self.app));
        let allowance = Allowance { is_last: true, ..Allowance::usual(&self.link) };
        let hook = Guarded::new(hook, allowance).within(self.span.of_hook());
        if let Err(why) = run(&mut self.link, hook).await {
            interrupted(&self.socket, why, "on_close");
        }
    }
}

/// A session's next turn. Ready with whether others may come after it.
enum Turn<'a, C: Dispatch> {
    /// Nothing has come for it yet.
    Next(&'a mut Session<C>),
    /// It has begun, and waits. Boxed, for an idle connection would hold the place for it.
    Waits(BoxFuture<'a, ()>),
    Over,
}

impl<'a, C: Dispatch> Turn<'a, C> {
    /// Begins the turn of a step, and runs it as far as it comes.
    fn begin(session: &'a mut Session<C>, step: Step, cx: &mut Context<'_>) -> Self {
        if !may_pass::<C>(&mut session.link, &step) {
            return Self::Over;
        }
        if const { concurrent::overlaps::<C>() } && concurrent::may_be_joined::<C>(&step) {
            return Self::go_on(Box::pin(session.overlap(step)), cx);
        }
        let Some((begun, socket, mut turn)) = session.handle(step) else { return Self::Over };
        match turn.poll_unpin(cx) {
            // A fault has been sent, and costs the connection nothing.
            Poll::Ready(outcome) => {
                begun.end(socket, outcome);
                Self::Over
            }
            Poll::Pending => Self::Waits(Box::pin(turn.map(move |outcome| begun.end(socket, outcome)))),
        }
    }

    fn go_on(mut turn: BoxFuture<'a, ()>, cx: &mut Context<'_>) -> Self {
        if turn.as_mut().poll(cx).is_ready() { Self::Over } else { Self::Waits(turn) }
    }
}

impl<C: Dispatch> Future for Turn<'_, C> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let next = match std::mem::replace(&mut *self, Self::Over) {
            Self::Next(session) => match session.poll_next(cx) {
                Poll::Ready(Some(step)) => Turn::begin(session, step, cx),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending => Self::Next(session),
            },
            Self::Waits(turn) => Self::go_on(turn, cx),
            Self::Over => Self::Over,
        };
        if let Self::Over = next {
            return Poll::Ready(true);
        }
        *self = next;
        Poll::Pending
    }
}
