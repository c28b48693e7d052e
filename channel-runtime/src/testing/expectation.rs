//! What a test awaits: a future that fails at the test's own line.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(super) type Failure = String;

/// What a test awaits. If it is not met, it panics at the line of the test that awaits it. If a macro of another file awaits it,
/// such as `tokio::join!`, the panic's message names the line that made it.
#[must_use = "await it"]
pub struct Expectation<'a, T> {
    outcome: Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>,
    asked_at: &'static Location<'static>,
}

impl<'a, T> Expectation<'a, T> {
    #[track_caller]
    pub(super) fn new(outcome: impl Future<Output = Result<T, Failure>> + Send + 'a) -> Self {
        Self { outcome: Box::pin(outcome), asked_at: Location::caller() }
    }
}

impl<T> Future for Expectation<'_, T> {
    type Output = T;

    /// `await` calls this, and counts as the caller.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.outcome.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => Poll::Ready(value),
            Poll::Ready(Err(failure)) if Location::caller().file() == self.asked_at.file() => panic!("{failure}"),
            Poll::Ready(Err(failure)) => panic!("{failure}\nasked at {}", self.asked_at),
        }
    }
}

impl<T> fmt::Debug for Expectation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation").field("asked_at", &self.asked_at).finish_non_exhaustive()
    }
}
