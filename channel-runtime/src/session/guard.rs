//! One turn of a handler or hook: it runs while the link goes on, until it is done, panics, or has had all that it may take.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::select;
use tokio::time::sleep;

use crate::connection::contained::{Panicked, contain};
use crate::connection::shutdown::Shutdown;
use crate::session::driver::Link;
use crate::session::handler_options::HandlerOptions;
use crate::session::spans::MessageSpan;
use crate::socket::Socket;

/// A handler's or hook's future: boxed while it runs, so that an idle connection is small.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a handler or hook may take.
#[derive(Clone, Copy)]
pub(crate) struct Allowance {
    pub timeout: Option<Duration>,
    /// It runs last, and has as long again as the others once the server gives up.
    pub is_last: bool,
    /// It ends with its client: whoever says how long it may take wants it to be stopped. Also with one that ended its half of
    /// the stream alone, and could still read: that is what a killed process looks like too.
    pub needs_client: bool,
    /// Its client waits for an answer, and is told only after that that the server goes away.
    pub owes_answer: bool,
}

impl Allowance {
    /// That of a handler or hook without any of its own.
    pub fn usual(link: &Link) -> Self {
        Self { timeout: link.config().handler_timeout, is_last: false, needs_client: false, owes_answer: false }
    }

    /// That of the handler of a message.
    pub fn of(options: HandlerOptions, link: &Link) -> Self {
        let usual = Self::usual(link);
        let needs_client = options.timeout.is_some() || options.concurrent > 0;
        Self { timeout: options.timeout.or(usual.timeout), needs_client, ..usual }
    }

    /// With the answer that it owes to its message, where that has a `ref`.
    pub fn answering<C: 'static>(self, socket: &Socket<C>) -> Self {
        Self { owes_answer: socket.has_reference(), ..self }
    }

    /// Ready when all of it is taken, but for the client.
    fn end(self, shutdown: &Arc<Shutdown>, grace: Duration) -> BoxFuture<'static, Interrupted> {
        let shutdown = Arc::clone(shutdown);
        Box::pin(async move {
            let cancelled = async {
                shutdown.abort_started().await;
                sleep(if self.is_last { grace } else { Duration::ZERO }).await;
                Interrupted::Cancelled
            };
            match self.timeout {
                None => cancelled.await,
                Some(timeout) => {
                    select(pin!(cancelled), pin!(sleep(timeout).map(|()| Interrupted::TimedOut))).await.factor_first().0
                }
            }
        })
    }
}

/// What a handler or hook came to when it did not return.
pub(crate) enum Interrupted {
    Panicked,
    /// The server stops, and has waited for it long enough.
    Cancelled,
    /// It has waited for something for longer than it may.
    TimedOut,
    /// Its client is gone, without which it has no reason to go on.
    Left,
}

impl From<Panicked> for Interrupted {
    fn from(_: Panicked) -> Self {
        Self::Panicked
    }
}

/// A future of the user's code, and what ends it.
pub(crate) struct Guarded<'a, T> {
    running: Option<BoxFuture<'a, T>>,
    span: MessageSpan,
    allowance: Allowance,
    /// Made only for those that wait at all.
    end: Option<BoxFuture<'static, Interrupted>>,
}

impl<'a, T> Guarded<'a, T> {
    pub fn new(future: BoxFuture<'a, T>, allowance: Allowance) -> Self {
        Self { running: Some(future), span: MessageSpan::default(), allowance, end: None }
    }

    /// Where logs see it run.
    pub fn within(self, span: MessageSpan) -> Self {
        Self { span, ..self }
    }

    /// Whether it has waited for anything.
    pub fn has_rested(&self) -> bool {
        self.end.is_some()
    }

    /// Lets it run as far as it comes; not once it was ready.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Interrupted>> {
        let Some(future) = &mut self.running else { unreachable!("polled after it was ready") };
        match contain(|| self.span.within(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(self.ended(Ok(value))),
            Err(_) => Poll::Ready(self.ended(Err(Interrupted::Panicked))),
        }
    }

    /// For one that waits: ready when it may wait no longer; `grace` is what is left to the last once the server gives up.
    pub fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        shutdown: &Arc<Shutdown>,
        grace: Duration,
    ) -> Poll<Result<T, Interrupted>> {
        let interrupted = ready!(self.end.get_or_insert_with(|| self.allowance.end(shutdown, grace)).as_mut().poll(cx));
        Poll::Ready(self.ended(Err(interrupted)))
    }

    /// Whether it ends with its client.
    pub fn needs_client(&self) -> bool {
        self.allowance.needs_client
    }

    /// Whether its client waits for an answer.
    pub fn owes_answer(&self) -> bool {
        self.allowance.owes_answer
    }

    /// Drops it where it waits.
    pub fn leave(&mut self) -> Result<T, Interrupted> {
        self.ended(Err(Interrupted::Left))
    }

    /// What the future still owns may panic too when it is dropped.
    fn ended(&mut self, outcome: Result<T, Interrupted>) -> Result<T, Interrupted> {
        let dropped = contain(|| self.span.within(|| drop(self.running.take())));
        dropped.map_err(Interrupted::from).and(outcome)
    }
}

/// Runs a handler or hook while the link goes on. Where the server goes away meanwhile, the client is told at once, or once it
/// has its answer.
pub(crate) fn run<'a, T>(
    link: &'a mut Link,
    mut running: Guarded<'a, T>,
) -> impl Future<Output = Result<T, Interrupted>> + Send + Unpin + use<'a, T> {
    poll_fn(move |cx| {
        // Its input was given out corked; it has rested since where it waits.
        if running.has_rested() {
            link.cork();
        }
        if let Poll::Ready(outcome) = running.poll(cx) {
            return Poll::Ready(outcome);
        }
        link.poll_io(cx);
        if running.needs_client() && link.has_lost_client() {
            return Poll::Ready(running.leave());
        }
        link.say_goodbye_unless(|| running.owes_answer(), cx);
        running.poll_end(cx, link.shutdown(), link.config().shutdown_timeout)
    })
}

/// Runs what belongs to no connection; `grace` is what is left to it once the server gives up.
pub(crate) async fn run_apart<T>(
    future: impl Future<Output = T> + Send,
    timeout: Option<Duration>,
    shutdown: &Arc<Shutdown>,
    grace: Duration,
) -> Result<T, Interrupted> {
    let allowance = Allowance { timeout, is_last: true, needs_client: false, owes_answer: false };
    let mut running = Guarded::new(Box::pin(future), allowance);
    poll_fn(|cx| match running.poll(cx) {
        Poll::Pending => running.poll_end(cx, shutdown, grace),
        ready => ready,
    })
    .await
}
