//! Sessions: they run the user's code, which is a connection's hooks and handlers, batches, and the opening and closing of rooms.
//!
//! A [`Session`] is the task of one connection. Its calls run one after another, unless handlers are `concurrent`; the driver reads
//! and writes while one waits. `on_close` runs exactly once if `on_connect` was begun, whatever happened.

mod arriving;
pub(crate) mod batch;
mod budget;
mod client_pings;
pub(crate) mod clustered;
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
mod incoming_batch;
mod last_answers;
mod outcome;
pub(crate) mod outdated;
pub(crate) mod quota;
mod reading;
pub(crate) mod refresh;
pub(crate) mod rejection;
pub(crate) mod room_hooks;
mod run;
pub(crate) mod served;
mod showing;
mod spans;
mod step;
mod step_context;
mod throttle;
mod writing;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;

use crate::connection::contained::Contained;
use crate::connection::in_flight::WorkGuard;
use crate::connection::shutdown::SessionGuard;
use crate::handshake::admission::AdmissionGuard;
use crate::protocol::escaped::Escaped;
use crate::room::room_use::RoomUse;
use crate::session::concurrent::Lent;
use crate::session::dispatch::Dispatch;
use crate::session::driver::Driver;
use crate::session::expiry::Expiry;
use crate::session::guard::{BoxFuture, CallLimits, GuardedCall, Interrupted};
use crate::session::outcome::{RunningCall, begin_work, interrupted, timed_out};
use crate::session::run::run;
use crate::session::spans::ConnectionSpan;
use crate::session::step::{Step, Undecoded, has_concurrent};
use crate::session::step_context::{StepContext, Work, may_pass};
use crate::socket::reply::{Flow, reason_of_failure};
use crate::socket::{Socket, questions};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::parser::Input;

/// What counts a session.
pub(crate) type Counted = (SessionGuard, AdmissionGuard);

/// The fields are dropped in this order.
pub(crate) struct Session<C: Dispatch> {
    handler: Contained<C>,
    socket: Socket<C>,
    app: Arc<C::App>,
    driver: Driver,
    span: ConnectionSpan,
    expiry: Option<Expiry>,
    /// Behind all that may use the room's state, which its last session drops.
    _room_use: RoomUse,
    /// Behind all that is counted: after this the session has ended.
    _counted: Counted,
    busy: WorkGuard,
}

impl<C: Dispatch> Session<C> {
    pub fn new(
        handler: Contained<C>,
        socket: Socket<C>,
        app: Arc<C::App>,
        driver: Driver,
        expiry: Option<Expiry>,
        busy: WorkGuard,
        counted: Counted,
    ) -> Self {
        let _room_use = socket.member().own_room.begin_use();
        let span = ConnectionSpan::new(socket.member(), C::NAME, driver.config().log_users);
        Self { handler, socket, app, driver, span, expiry, _room_use, _counted: counted, busy }
    }

    /// What this holds is what an idle connection costs: so nothing is moved within it, and what runs once is boxed.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would hold the session twice")]
    pub fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            Box::pin(self.connect()).await;
            while StepFuture::Idle(&mut self).await {}
            Box::pin(self.end()).await;
        }
    }

    async fn connect(&mut self) {
        let hook = Box::pin(self.handler.connected(&self.socket, &self.app));
        let limits = CallLimits::of_hook(self.driver.config().handler_timeout);
        let hook = GuardedCall::new(hook, limits).within(self.span.of_hook());
        match run(&mut self.driver, hook).await {
            Ok(Flow::Continue) => {
                if !self.driver.is_closing() && !self.driver.has_lost_client() {
                    self.socket.member().told.arrive();
                }
            }
            Ok(Flow::Failed(code)) => {
                self.socket.close(code, &reason_of_failure::<C>());
            }
            Err(Interrupted::TimedOut) => {
                _ = timed_out(&self.socket, "on_connect");
                self.socket.close(CloseCode::TRY_AGAIN, "timeout");
            }
            Err(why) => interrupted(&self.socket, why, "on_connect"),
        }
        self.socket.member().outbox().welcome_is_over();
    }

    /// `None` when the connection ends. While this is pending, nothing of the session is in flight.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        // Counted before it reads, because what has been read no longer counts as unread.
        if !self.busy.is_counting() {
            self.busy = begin_work::<C>(&self.socket, "its next step");
        }
        let next = self.driver.poll_next(cx);
        if next.is_pending() && !self.driver.has_input() {
            self.busy.end();
        }
        next
    }

    fn begin(
        &mut self,
        work: Work<C>,
    ) -> Option<(RunningCall, &Socket<C>, impl Future<Output = Result<Flow, Interrupted>> + Send + Unpin)> {
        let Self { handler, socket, app, driver, span, expiry, .. } = self;
        let handler = &mut **handler;
        let (running, socket, call) = StepContext { handler, socket, app, driver, span, expiry }.begin(work)?;
        Some((running, socket, run(driver, call)))
    }

    async fn run_concurrently(&mut self, index: usize, message: Undecoded) {
        let Self { handler, socket, app, driver, span, .. } = self;
        socket.clear_claim();
        let lent = Lent { handlers: handler.concurrent(app), socket, app, driver, span };
        let Some(work) = concurrent::run(lent, index, message).await else { return };
        if self.driver.is_closing() {
            return;
        }
        if let Some((running, socket, call)) = self.begin(work) {
            let outcome = call.await;
            running.end(socket, outcome);
        }
    }

    async fn end(&mut self) {
        if self.driver.owes_answers() {
            Box::pin(last_answers::sent(&mut self.driver)).await;
        }
        let close = self.driver.end();
        self.driver.leave();
        self.expiry = None;
        questions::end(self.socket.member());
        self.socket.member().apart.inbox.clear();
        self.close(close).await;
        self.driver.finish().await;
    }

    async fn close(&mut self, close: Close) {
        self.socket.clear_claim();
        let _work = begin_work(&self.socket, "on_close");
        self.socket.counters().end(close.by);
        let connection = self.socket.id();
        if matches!(close.by, ClosedBy::SlowClient | ClosedBy::RateLimited) {
            tracing::info!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a client was disconnected");
        } else {
            tracing::debug!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a connection ends");
        }
        let hook = Box::pin(self.handler.closed(close, &self.socket, &self.app));
        let timeout = self.driver.config().handler_timeout;
        let limits = CallLimits { is_last: true, ..CallLimits::of_hook(timeout) };
        let hook = GuardedCall::new(hook, limits).within(self.span.of_hook());
        if let Err(why) = run(&mut self.driver, hook).await {
            interrupted(&self.socket, why, "on_close");
        }
    }
}

enum StepFuture<'a, C: Dispatch> {
    Idle(&'a mut Session<C>),
    /// Boxed, because an idle connection would hold the place for it.
    Waiting(BoxFuture<'a, ()>),
    Over,
}

impl<'a, C: Dispatch> StepFuture<'a, C> {
    fn begin(session: &'a mut Session<C>, step: Step, cx: &mut Context<'_>) -> Self {
        let step = step.typed::<C>();
        if !may_pass::<C>(&step, &mut session.driver) {
            return Self::Over;
        }
        if const { has_concurrent::<C>() }
            && let Some(index) = step.binary::<C>()
            && C::OPTIONS[index].shares
            && C::OPTIONS[index].waits
            && let Step::Input(Input::Binary(data)) = step
        {
            return Self::poll_waiting(Box::pin(session.run_concurrently(index, Undecoded::Binary(data))), cx);
        }
        let step = match step {
            Step::Message { index, text }
                if const { has_concurrent::<C>() } && C::OPTIONS[index].shares && C::OPTIONS[index].waits =>
            {
                return Self::poll_waiting(Box::pin(session.run_concurrently(index, Undecoded::Text(text))), cx);
            }
            step => step,
        };
        let Some((running, socket, mut call)) = session.begin(Work::Step(step)) else { return Self::Over };
        match call.poll_unpin(cx) {
            Poll::Ready(outcome) => {
                running.end(socket, outcome);
                Self::Over
            }
            Poll::Pending => Self::Waiting(Box::pin(call.map(move |outcome| running.end(socket, outcome)))),
        }
    }

    fn poll_waiting(mut call: BoxFuture<'a, ()>, cx: &mut Context<'_>) -> Self {
        if call.as_mut().poll(cx).is_ready() { Self::Over } else { Self::Waiting(call) }
    }
}

impl<C: Dispatch> Future for StepFuture<'_, C> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let next = match std::mem::replace(&mut *self, Self::Over) {
            Self::Idle(session) => match session.poll_next(cx) {
                Poll::Ready(Some(step)) => StepFuture::begin(session, step, cx),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending => Self::Idle(session),
            },
            Self::Waiting(call) => Self::poll_waiting(call, cx),
            Self::Over => Self::Over,
        };
        if let Self::Over = next {
            return Poll::Ready(true);
        }
        *self = next;
        Poll::Pending
    }
}
