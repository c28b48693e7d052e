//! Guarded calls of user code: a handler or a hook runs until it returns, panics, or has used up its limits.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::select;
use tokio::time::sleep;

use crate::channel::Channel;
use crate::connection::contained::{Panicked, contain};
use crate::connection::shutdown::Shutdown;
use crate::session::handler_options::HandlerOptions;
use crate::session::spans::MessageSpan;
use crate::socket::{Socket, alone};

/// Boxed while it runs, so that an idle connection is small.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Clone, Copy)]
pub(crate) struct CallLimits {
    pub timeout: Option<Duration>,
    /// Once the server gives up, the call has as long again as the others had.
    pub is_last: bool,
    /// The call ends with its client. Set for a handler with limits of its own. A client that has ended its half of the stream
    /// counts as gone: a killed process looks the same.
    pub needs_client: bool,
    /// If the server is draining, the connection is closed after the answer.
    pub owes_answer: bool,
    /// A message's handler, for which the client's other messages wait.
    pub is_alone: bool,
}

impl CallLimits {
    /// Also for a handler without options.
    pub fn of_hook(timeout: Option<Duration>) -> Self {
        Self { timeout, is_last: false, needs_client: false, owes_answer: false, is_alone: false }
    }

    /// `timeout` is for handlers without their own.
    pub fn of_handler(options: HandlerOptions, timeout: Option<Duration>) -> Self {
        let needs_client = options.timeout.is_some() || options.concurrent > 0;
        Self { needs_client, ..Self::of_hook(options.timeout.or(timeout)) }
    }

    pub fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    pub fn owing(self, owes_answer: bool) -> Self {
        Self { owes_answer, ..self }
    }

    /// Of a message's handler. A client that may say the message again comes back for the answer.
    pub fn owed_by<C: Channel>(self, socket: &Socket<C>) -> Self {
        let needs_client = self.needs_client && !socket.keeps_answer();
        Self { needs_client, ..self.owing(socket.has_reference()) }
    }
}

pub(crate) enum Interrupted {
    Panicked,
    Cancelled,
    TimedOut,
    ClientGone,
}

impl From<Panicked> for Interrupted {
    fn from(_: Panicked) -> Self {
        Self::Panicked
    }
}

pub(crate) struct GuardedCall<'a, T> {
    running: Option<BoxFuture<'a, T>>,
    span: MessageSpan,
    /// `None` until the call first waits: most calls never do.
    limit: Option<BoxFuture<'static, Interrupted>>,
    timeout: Option<Duration>,
    is_last: bool,
    needs_client: bool,
    owes_answer: bool,
    is_alone: bool,
    has_waited: bool,
}

impl<'a, T> GuardedCall<'a, T> {
    pub fn new(future: BoxFuture<'a, T>, limits: CallLimits) -> Self {
        let CallLimits { timeout, is_last, needs_client, owes_answer, is_alone } = limits;
        let span = MessageSpan::default();
        Self {
            running: Some(future),
            span,
            limit: None,
            timeout,
            is_last,
            needs_client,
            owes_answer,
            is_alone,
            has_waited: false,
        }
    }

    pub fn within(self, span: MessageSpan) -> Self {
        Self { span, ..self }
    }

    pub fn has_waited(&self) -> bool {
        self.has_waited
    }

    pub fn needs_client(&self) -> bool {
        self.needs_client
    }

    pub fn owes_answer(&self) -> bool {
        self.owes_answer
    }

    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Interrupted>> {
        let Some(future) = &mut self.running else { unreachable!("polled after it was ready") };
        let is_alone = self.is_alone;
        match contain(|| self.span.within(|| alone::polled(is_alone, || future.as_mut().poll(cx)))) {
            Ok(Poll::Pending) => {
                self.has_waited = true;
                Poll::Pending
            }
            Ok(Poll::Ready(value)) => Poll::Ready(self.ended(Ok(value))),
            Err(_) => Poll::Ready(self.ended(Err(Interrupted::Panicked))),
        }
    }

    /// `grace` is the time left to the last call once the server gives up.
    pub fn poll_limits(
        &mut self,
        cx: &mut Context<'_>,
        shutdown: &Arc<Shutdown>,
        grace: Duration,
    ) -> Poll<Result<T, Interrupted>> {
        let grace = if self.is_last { grace } else { Duration::ZERO };
        let limit = self.limit.get_or_insert_with(|| limit_reached(self.timeout, Arc::clone(shutdown), grace));
        let interrupted = ready!(limit.as_mut().poll(cx));
        Poll::Ready(self.ended(Err(interrupted)))
    }

    pub fn abandon(&mut self) -> Result<T, Interrupted> {
        self.ended(Err(Interrupted::ClientGone))
    }

    /// The future's drop may panic, too.
    fn ended(&mut self, outcome: Result<T, Interrupted>) -> Result<T, Interrupted> {
        let dropped = contain(|| self.span.within(|| drop(self.running.take())));
        dropped.map_err(Interrupted::from).and(outcome)
    }
}

/// Ready after the timeout, or `grace` after the server has given up.
fn limit_reached(
    timeout: Option<Duration>,
    shutdown: Arc<Shutdown>,
    grace: Duration,
) -> BoxFuture<'static, Interrupted> {
    Box::pin(async move {
        let cancelled = async {
            shutdown.abort_started().await;
            sleep(grace).await;
            Interrupted::Cancelled
        };
        match timeout {
            None => cancelled.await,
            Some(timeout) => {
                let timed_out = sleep(timeout).map(|()| Interrupted::TimedOut);
                select(pin!(cancelled), pin!(timed_out)).await.factor_first().0
            }
        }
    })
}

pub(crate) async fn run_detached<T>(
    future: impl Future<Output = T> + Send,
    timeout: Option<Duration>,
    shutdown: &Arc<Shutdown>,
    grace: Duration,
) -> Result<T, Interrupted> {
    let limits = CallLimits { is_last: true, ..CallLimits::of_hook(timeout) };
    let mut call = GuardedCall::new(Box::pin(future), limits);
    poll_fn(|cx| match call.poll(cx) {
        Poll::Pending => call.poll_limits(cx, shutdown, grace),
        ready => ready,
    })
    .await
}
