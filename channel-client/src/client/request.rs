//! A message that asks for an answer.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use channel_runtime::{Answered, Messages as _, Protocol};
use tokio::sync::oneshot;

use super::shared::Shared;
use super::wire;
use crate::engine::{self, Error, Outcome, Unsent, later};

/// How long a request waits for its answer, from when it is awaited, if its handler has no timeout of its own.
const TIMEOUT: Duration = Duration::from_secs(10);

/// For the way of the message and of the answer.
const BEHIND_HANDLER: Duration = Duration::from_secs(2);

/// A message and its answer, from [`Client::request`](crate::Client::request): await it.
///
/// It is sent when it is first polled. When it is dropped, it is not sent if it was not, and its answer is passed over if it was.
#[must_use = "a request is sent when it is awaited"]
pub struct Request<C: Protocol, R> {
    shared: Arc<Shared>,
    timeout: Duration,
    state: State<C::FromClient>,
    answer: PhantomData<fn() -> R>,
}

enum State<M> {
    New(M),
    Waiting(Waiting),
    Done,
}

struct Waiting {
    reference: i64,
    reply: oneshot::Receiver<Outcome>,
}

impl<C: Protocol, R> Request<C, R> {
    pub(super) fn new(shared: Arc<Shared>, message: C::FromClient) -> Self {
        let described =
            C::answered_within_ms(message.index()).map(|millis| Duration::from_millis(millis) + BEHIND_HANDLER);
        Self { shared, timeout: described.unwrap_or(TIMEOUT), state: State::New(message), answer: PhantomData }
    }

    /// How long it waits for its answer, the wait for a connection included. By default 10 s, or 2 s longer than the timeout of its
    /// handler.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// # Errors
    /// If it can't be written.
    fn begin(&self, message: &C::FromClient) -> Result<Waiting, Error> {
        if wire::is_binary(message) {
            return Err(Unsent::Binary.into());
        }
        let reference = self.shared.lock().engine.next_ref();
        let is_idempotent = wire::is_idempotent(message);
        let mut text = wire::text(message, Some(reference)).map_err(Unsent::Unwritable)?;
        if is_idempotent {
            text = wire::with_id(&text, self.shared.own, reference);
        }
        let (sender, reply) = oneshot::channel();
        let pace = wire::pace(message);
        self.shared.with(|engine, now| {
            let deadline = later(now, self.timeout);
            engine.request(reference, engine::Request { text, pace, deadline, is_idempotent, reply: sender }, now);
        });
        Ok(Waiting { reference, reply })
    }
}

impl<C: Protocol, R: Answered<C>> Future for Request<C, R> {
    type Output = Result<R::Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let State::New(_) = this.state
            && let State::New(message) = std::mem::replace(&mut this.state, State::Done)
        {
            match this.begin(&message) {
                Ok(waiting) => this.state = State::Waiting(waiting),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let State::Waiting(waiting) = &mut this.state else { panic!("a request is not polled after its answer") };
        let Poll::Ready(outcome) = Pin::new(&mut waiting.reply).poll(cx) else { return Poll::Pending };
        this.state = State::Done;
        // The sender is dropped only with the client.
        let text = outcome.unwrap_or(Err(Error::Closed))?;
        Poll::Ready(R::read(&text).map_err(Error::Unreadable))
    }
}

impl<C: Protocol, R> Unpin for Request<C, R> {}

impl<C: Protocol, R> Drop for Request<C, R> {
    fn drop(&mut self) {
        if let State::Waiting(waiting) = &self.state {
            self.shared.with(|engine, now| engine.forget(waiting.reference, now));
        }
    }
}

impl<C: Protocol, R> fmt::Debug for Request<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
