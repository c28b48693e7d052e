//! How an outbox ends: who says goodbye, and what becomes of what waits.

use super::{Client, Inner, Outbox, State};
use crate::connection::outbox::queue::Queue;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{close_frame, close_reply};

impl Outbox {
    /// Says goodbye after all that was pushed before. The first close counts; tells whether this was it.
    pub fn close(&self, close: Close) -> bool {
        let inner = &mut *self.inner.lock();
        if matches!(inner.state, State::Closing(_)) {
            return false;
        }
        if inner.client != Client::Gone
            && let Some(goodbye) = close_reply(&close)
        {
            inner.queue.push(goodbye);
        }
        self.end(inner, close);
        true
    }

    /// Has the connection end because the server goes away. Its own task says so with a [close](Self::close), now or once what
    /// runs there has given the answer that it owes; nothing more is handled there, and pushes are taken until then.
    pub fn start_drain(&self) {
        let inner = &mut *self.inner.lock();
        if inner.is_closing() {
            return;
        }
        inner.is_draining = true;
        self.count(inner);
        inner.wake_owner();
        inner.tell(|waits| &waits.ending);
    }

    /// The client's side has ended: whoever looks at [`closed`](Self::closed) is told.
    pub fn client_is_leaving(&self) {
        let mut inner = self.inner.lock();
        if inner.client == Client::Here {
            inner.client = Client::Leaving;
            inner.tell(|waits| &waits.ending);
        }
    }

    /// There is nobody to write to any more: what waits is dropped, and nothing more is taken.
    pub fn client_is_gone(&self) {
        let mut inner = self.inner.lock();
        inner.client = Client::Gone;
        inner.queue = Queue::default();
        if let State::Welcoming { held } = &mut inner.state {
            *held = None;
        }
        // Nothing is owed: the owner can rest, and be woken, on a stream whose flush goes on failing.
        inner.needs_flush = false;
        inner.tell(|waits| &waits.ending);
        self.tell_emptied(&mut inner);
    }

    /// How we end the connection, once we do.
    pub fn closing(&self) -> Option<Close> {
        match &self.inner.lock().state {
            State::Closing(close) => Some(Close::clone(close)),
            _ => None,
        }
    }

    /// Why we end the connection, once we do.
    pub fn closed_by(&self) -> Option<ClosedBy> {
        match &self.inner.lock().state {
            State::Closing(close) => Some(close.by),
            _ => None,
        }
    }

    /// Whether anything more is taken.
    pub fn takes(&self) -> bool {
        !self.inner.lock().is_over()
    }

    /// Whether we have begun to end the connection.
    pub fn is_closing(&self) -> bool {
        self.inner.lock().is_closing()
    }

    /// Waits until the connection begins to end.
    pub async fn closed(&self) {
        self.until(|waits| &waits.ending, |inner| inner.is_ending()).await;
    }

    /// A client for which too much waits gets what it had begun to get, then 1013, and no more time than a close has.
    pub(super) fn cut_slow_client(&self, inner: &mut Inner) {
        let code = CloseCode::TRY_AGAIN;
        let reason = match inner.blocked {
            Some(_) => "too slow: too much was waiting for this client",
            // It had no time to take it.
            None => "more was sent at once than may wait for this client",
        };
        inner.queue.keep_begun();
        inner.queue.push(close_frame(code, reason));
        self.end(inner, Close::new(ClosedBy::SlowClient, Some(code), reason));
    }

    /// What was held is dropped: nobody hears the others before its welcome, which does not come any more.
    fn end(&self, inner: &mut Inner, close: Close) {
        inner.state = State::Closing(Box::new(close));
        inner.is_draining = false;
        self.count(inner);
        inner.wake_owner();
        inner.tell(|waits| &waits.ending);
        inner.tell(|waits| &waits.emptied);
    }
}

impl Inner {
    /// We end it.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.is_draining
    }

    fn is_ending(&self) -> bool {
        self.is_closing() || self.client != Client::Here
    }

    /// Nothing is taken any more. A client that has only ended its side still reads, at its own pace.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.client == Client::Gone
    }
}
