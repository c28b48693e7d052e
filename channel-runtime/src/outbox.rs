//! What waits for one client, bounded in bytes, and who writes it.
//!
//! Anyone may push, and a push never waits: it settles the order, and at the bound the client is cut as slow. The bytes are
//! written by the connection's own task, or by whoever has pushed to many (a room's flusher), straight to the socket, while
//! that task rests.

use std::io;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use crate::activity::{Activity, Token, Work};
use crate::queue::Queue;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Frame, close_frame};
use crate::wire::transport::{Stream, write_now};

// In memory as written here, and `Inner` small: a broadcast to thousands fetches it for each of them, twice.
#[repr(C)]
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    /// The most bytes that may wait.
    limit: usize,
    activity: Activity,
    /// Told whenever nothing waits any more, and when the connection has ended.
    emptied: Notify,
    /// Told when the connection begins to end.
    ending: Notify,
}

struct Inner {
    state: State,
    client: Client,
    queue: Queue,
    /// The socket's writing half, where there is a socket; else only the connection's own task can write.
    socket: Option<OwnedWriteHalf>,
    /// The connection's own task, where it rests. While it runs, and from when it is woken, nobody else writes: it is
    /// corked, and drains before it rests again.
    owner: Option<Waker>,
    /// Something was written that the stream has not been seen to pass on.
    needs_flush: bool,
    /// The socket takes no more; its owner waits for it, and nobody else need try.
    is_blocked: bool,
    /// Whoever pushed last sees to it that what waits is written.
    is_promised: bool,
    /// Somebody waits until it is empty.
    is_awaited: bool,
    /// Counted while the queue is not empty.
    in_flight: Token,
}

enum State {
    /// `on_connect` runs and has not sent to others yet. Frames from others are held: they follow what it sends itself.
    Welcoming {
        held: Option<Box<Queue>>,
    },
    Open,
    /// Our Close frame is the last in the queue, where the client is there to read it; nothing is taken any more.
    Closing(Box<Close>),
}

#[derive(PartialEq, Eq)]
enum Client {
    Here,
    /// Its side has ended; it still reads what it is owed.
    Leaving,
    /// There is nobody to write to.
    Gone,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Pushed {
    /// The connection is ending, or this frame went over the bound and ended it.
    Refused,
    /// It waits, and somebody will write it.
    Waits,
    /// It waits, and the client is far behind: more than half of what may wait does.
    FarBehind,
    /// It waits, and whoever pushed it has to [`flush`](Outbox::flush), or to [wake the owner](Outbox::wake_owner).
    Promised,
}

/// Whose frame it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The connection's own handler.
    Own,
    /// Anybody else.
    Others,
}

impl Outbox {
    pub fn new(limit: usize, activity: Activity) -> Self {
        let inner = Inner {
            state: State::Welcoming { held: None },
            client: Client::Here,
            queue: Queue::default(),
            socket: None,
            owner: None,
            needs_flush: false,
            is_blocked: false,
            is_promised: false,
            is_awaited: false,
            in_flight: Token::default(),
        };
        Self { inner: Mutex::new(inner), limit, activity, emptied: Notify::new(), ending: Notify::new() }
    }

    /// From now on others may write too.
    pub fn attach(&self, socket: OwnedWriteHalf) {
        self.inner.lock().socket = Some(socket);
    }

    /// The connection's task has ended: nothing is written any more, and nothing is kept, whoever still holds this.
    pub fn detach(&self) {
        self.client_is_gone();
        let (socket, owner) = {
            let mut inner = self.inner.lock();
            (inner.socket.take(), inner.owner.take())
        };
        drop((socket, owner));
    }

    /// Takes a frame.
    pub fn push(&self, frame: Frame, from: Sender) -> Pushed {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if matches!(inner.state, State::Closing(_)) || inner.client == Client::Gone {
            return Pushed::Refused;
        }
        if inner.bytes() + frame.len() > self.limit {
            self.cut_slow_client(inner);
            return Pushed::Refused;
        }
        if let (State::Welcoming { held }, Sender::Others) = (&mut inner.state, from) {
            held.get_or_insert_default().push(frame);
            return Pushed::Waits;
        }
        match from {
            Sender::Own => inner.queue.gather(frame),
            Sender::Others => inner.queue.push(frame),
        }
        self.count(inner);
        if inner.owner.is_none() || inner.is_blocked || inner.is_promised {
            return if self.is_far_behind_with(inner) { Pushed::FarBehind } else { Pushed::Waits };
        }
        inner.is_promised = true;
        Pushed::Promised
    }

    /// How many bytes wait for the client.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes()
    }

    /// Whether more than half of what may wait does.
    pub fn is_far_behind(&self) -> bool {
        self.is_far_behind_with(&self.inner.lock())
    }

    fn is_far_behind_with(&self, inner: &Inner) -> bool {
        inner.queue.bytes() > self.limit / 2 && !inner.is_over()
    }

    /// Has the connection's own task write what waits.
    pub fn wake_owner(&self) {
        self.inner.lock().wake_owner();
    }

    /// Has the processor fetch it, before it is locked.
    pub fn fetch(&self) {
        std::hint::black_box((self.inner.is_locked(), self.limit));
    }

    /// Writes what waits to the socket, or has the connection's own task do it.
    pub fn flush(&self) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.is_promised = false;
        if inner.owner.is_none() || inner.is_blocked {
            return;
        }
        let Some(socket) = &inner.socket else { return inner.wake_owner() };
        let was_far_behind = inner.queue.bytes() > self.limit / 2;
        let written = inner.queue.write_to(|bytes| match write_now(socket, bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            written => Poll::Ready(written),
        });
        match written {
            Poll::Ready(Ok(())) => {
                self.tell_emptied(inner);
                if was_far_behind {
                    // It may have rested because of that, with input to handle.
                    inner.wake_owner();
                }
            }
            // It waits for the socket, or meets the same error.
            Poll::Pending | Poll::Ready(Err(_)) => inner.wake_owner(),
        }
    }

    /// Lets frames from others through: `on_connect` has returned, or has itself sent to others.
    pub fn welcome_is_over(&self) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let State::Welcoming { held } = &mut inner.state else { return };
        let held = held.take();
        inner.state = State::Open;
        if let Some(held) = held {
            inner.queue.append(*held);
            self.count(inner);
            inner.wake_owner();
        }
    }

    /// Says goodbye after all that was pushed before. The first close counts; tells whether this was it.
    pub fn close(&self, close: Close) -> bool {
        let inner = &mut *self.inner.lock();
        if matches!(inner.state, State::Closing(_)) {
            return false;
        }
        if inner.client != Client::Gone {
            // A client's own close is answered with its code; the reason was its own. One that ended its half of the
            // stream without a Close gets none either.
            let reason = if close.by == ClosedBy::Client { "" } else { &close.reason };
            if close.by != ClosedBy::Lost {
                inner.queue.push(close_frame(close.code.unwrap_or(CloseCode::NORMAL), reason));
            }
        }
        self.end(inner, close);
        true
    }

    /// The client's side has ended: whoever looks at [`closed`](Self::closed) is told.
    pub fn client_is_leaving(&self) {
        let mut inner = self.inner.lock();
        if inner.client == Client::Here {
            inner.client = Client::Leaving;
            self.ending.notify_waiters();
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
        self.ending.notify_waiters();
        self.tell_emptied(&mut inner);
    }

    /// A client that lets too much pile up gets what it had begun to get, then 1013, and no more time than a close has.
    fn cut_slow_client(&self, inner: &mut Inner) {
        let code = CloseCode::TRY_AGAIN;
        let reason = "too slow: too much was waiting for this client";
        inner.queue.keep_begun();
        inner.queue.push(close_frame(code, reason));
        self.end(inner, Close::new(ClosedBy::SlowClient, Some(code), reason));
    }

    /// What was held is dropped: nobody hears the others before its welcome, which does not come any more.
    fn end(&self, inner: &mut Inner, close: Close) {
        inner.state = State::Closing(Box::new(close));
        self.count(inner);
        inner.wake_owner();
        self.ending.notify_waiters();
        self.emptied.notify_waiters();
    }

    /// Counts what waits, where a test counts.
    fn count(&self, inner: &mut Inner) {
        if !inner.in_flight.counts() {
            inner.in_flight = self.activity.begin(Work::Outbox);
        }
    }

    /// Nothing waits any more.
    fn tell_emptied(&self, inner: &mut Inner) {
        inner.in_flight = Token::default();
        if std::mem::take(&mut inner.is_awaited) {
            self.emptied.notify_waiters();
        }
    }

    /// All that waits, for a test that is its own client.
    pub fn take(&self) -> Vec<u8> {
        let mut inner = self.inner.lock();
        inner.in_flight = Token::default();
        std::mem::take(&mut inner.queue).into_bytes()
    }

    /// What counts the work in flight.
    pub fn activity(&self) -> &Activity {
        &self.activity
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

    /// Whether we have begun to end the connection.
    pub fn is_closing(&self) -> bool {
        matches!(self.inner.lock().state, State::Closing(_))
    }

    /// Waits until the connection begins to end.
    pub async fn closed(&self) {
        self.until(&self.ending, |inner| inner.is_ending()).await;
    }

    /// Waits until nothing waits for the client, or the connection is ending. What is held until `on_connect` is over does
    /// not count, for `on_connect` may be the one who waits.
    pub async fn flushed(&self) {
        self.until(&self.emptied, |inner| {
            let holds = inner.queue.is_empty() || inner.is_over();
            inner.is_awaited |= !holds;
            holds
        })
        .await;
    }

    async fn until(&self, told: &Notify, holds: impl Fn(&mut Inner) -> bool) {
        loop {
            // Made before the look, so that what happens between the look and the wait is not missed.
            let notified = told.notified();
            if holds(&mut self.inner.lock()) {
                return;
            }
            notified.await;
        }
    }

    /// The owner runs, and will drain before it rests.
    pub fn cork(&self) {
        self.inner.lock().owner = None;
    }

    /// As [`cork`](Self::cork), where input may be handled: not when the connection is ending, nor while its client is far
    /// behind.
    pub fn cork_for_input(&self) -> bool {
        let mut inner = self.inner.lock();
        let takes = !matches!(inner.state, State::Closing(_)) && !self.is_far_behind_with(&inner);
        if takes {
            inner.owner = None;
        }
        takes
    }

    /// For the owner, before it rests: writes what waits, as far as the client takes it. It is woken when more can be
    /// written, or is pushed later and nobody else writes it.
    ///
    /// # Errors
    /// The transport's: the client is gone, and all that waited with it.
    pub fn drain(&self, cx: &mut Context<'_>, stream: &mut Stream) -> io::Result<Drained> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.is_promised = false;
        let (before, was_blocked) = (inner.queue.bytes(), inner.is_blocked);
        let written = inner.queue.write_to(|bytes| stream.poll_write(cx, inner.socket.as_mut(), bytes));
        let wrote = inner.queue.bytes() < before;
        inner.needs_flush |= wrote;
        if inner.needs_flush {
            // Also where not all was written: what the stream holds back may be what it waits for.
            inner.needs_flush = stream.poll_flush(cx)?.is_pending();
        }
        inner.is_blocked = match written {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => inner.needs_flush,
            Poll::Ready(Err(error)) => return Err(error),
        };
        if !inner.owner.as_ref().is_some_and(|owner| owner.will_wake(cx.waker())) {
            inner.owner = Some(cx.waker().clone());
        }
        if !inner.is_blocked {
            self.tell_emptied(inner);
        }
        Ok(Drained { wrote, resumed: wrote && was_blocked, empty: !inner.is_blocked })
    }

    /// Ends the writing half of the stream, after all that was written.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<io::Result<()>> {
        stream.poll_shutdown(cx, self.inner.lock().socket.as_mut())
    }
}

/// What a drain came to.
#[derive(Clone, Copy)]
pub(crate) struct Drained {
    /// Whether the client took anything.
    pub wrote: bool,
    /// Whether it took something after it had taken nothing more.
    pub resumed: bool,
    /// Whether nothing waits any more.
    pub empty: bool,
}

impl Inner {
    /// How many bytes wait.
    fn bytes(&self) -> usize {
        let held = if let State::Welcoming { held: Some(held) } = &self.state { held.bytes() } else { 0 };
        self.queue.bytes() + held
    }

    fn is_ending(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.client != Client::Here
    }

    /// Nothing is taken any more. A client that has only ended its side still reads, at its own pace.
    fn is_over(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.client == Client::Gone
    }

    /// It runs, and will drain before it rests.
    fn wake_owner(&mut self) {
        self.is_promised = false;
        if let Some(owner) = self.owner.take() {
            owner.wake();
        }
    }
}

#[cfg(test)]
mod tests;
