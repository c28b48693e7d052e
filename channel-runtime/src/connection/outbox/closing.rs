//! The closing of an outbox: when the Close frame is queued, and what becomes of the frames that wait.

use super::{Client, Inner, Outbox, State};
use crate::connection::outbox::queue::Queue;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{close_frame, close_reply};

impl Outbox {
    /// Queues a Close behind all that was pushed before. The first close counts. Returns whether this was the first.
    pub fn close(&self, close: Close) -> bool {
        let inner = &mut *self.inner.lock();
        if matches!(inner.state, State::Closing(_)) {
            return false;
        }
        if inner.client != Client::Gone
            && let Some(goodbye) = close_reply(&close)
        {
            self.announce(inner, &close);
            inner.queue.push(goodbye);
        }
        self.end(inner, close);
        true
    }

    /// Has the connection end because the server goes away. Its own task [closes](Self::close) it, at once or when the handler that
    /// runs has given the answer that it owes. Until then pushes are taken, but no more input is handled.
    pub fn start_drain(&self) {
        let inner = &mut *self.inner.lock();
        if inner.is_closing() {
            return;
        }
        inner.is_draining = true;
        self.count(inner);
        inner.wake_owner();
        inner.notify(|waits| &waits.ending);
    }

    /// Whether the client may still say something.
    pub fn client_is_here(&self) -> bool {
        self.inner.lock().client == Client::Here
    }

    pub fn client_is_leaving(&self) {
        let mut inner = self.inner.lock();
        if inner.client == Client::Here {
            inner.client = Client::Leaving;
            inner.notify(|waits| &waits.ending);
        }
    }

    /// The client is gone: what waits is dropped, and no more frames are taken.
    pub fn client_is_gone(&self) {
        let mut inner = self.inner.lock();
        inner.client = Client::Gone;
        inner.queue = Queue::default();
        if let State::Welcoming { held } = &mut inner.state {
            *held = None;
        }
        // Nothing is left to flush, so that the owner can be idle on a stream whose flush fails again and again.
        inner.is_unflushed = false;
        inner.notify(|waits| &waits.ending);
        // Also those that wait for its rooms, for which nothing is awaited here.
        inner.notify(|waits| &waits.emptied);
        // Its newest values are pulled by nobody.
        let _ = self.notify_emptied(&mut inner);
    }

    pub fn closing(&self) -> Option<Close> {
        match &self.inner.lock().state {
            State::Closing(close) => Some(Close::clone(close)),
            _ => None,
        }
    }

    pub fn closed_by(&self) -> Option<ClosedBy> {
        match &self.inner.lock().state {
            State::Closing(close) => Some(close.by),
            _ => None,
        }
    }

    /// It was closed in a way after which its client does not come back by itself.
    pub fn is_over_for_good(&self) -> bool {
        matches!(&self.inner.lock().state, State::Closing(close) if close.is_for_good())
    }

    pub fn takes(&self) -> bool {
        !self.inner.lock().is_over()
    }

    pub fn is_closing(&self) -> bool {
        self.inner.lock().is_closing()
    }

    pub async fn closed(&self) {
        self.until(|waits| &waits.ending, |inner| inner.is_ending()).await;
    }

    /// The client gets the frame that has begun to be written, and then a Close with 1013.
    pub(super) fn cut_slow_client(&self, inner: &mut Inner) {
        let code = CloseCode::TRY_AGAIN;
        let reason = match inner.blocked {
            Some(_) => "too slow: too much was waiting for this client",
            None => "more was sent at once than may wait for this client",
        };
        let close = Close::new(ClosedBy::SlowClient, Some(code), reason);
        inner.queue.keep_begun();
        self.announce(inner, &close);
        inner.queue.push(close_frame(code, reason));
        self.end(inner, close);
    }

    /// Held frames of others are dropped, because what `on_connect` would have sent before them is not sent any more.
    fn end(&self, inner: &mut Inner, close: Close) {
        inner.state = State::Closing(Box::new(close));
        inner.is_draining = false;
        self.count(inner);
        inner.wake_owner();
        inner.notify(|waits| &waits.ending);
        inner.notify(|waits| &waits.emptied);
    }
}

impl Inner {
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.is_draining
    }

    fn is_ending(&self) -> bool {
        self.is_closing() || self.client != Client::Here
    }

    /// Whether no more frames are taken. A client that has only ended its half of the stream still reads.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.client == Client::Gone
    }
}
