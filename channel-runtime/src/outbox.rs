//! What waits for one client: whole frames, in order, bounded in bytes.
//!
//! Anyone may push; only the connection's own task writes. A push never waits: at the bound the client is cut as slow.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::activity::{Activity, Token, Work};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::close_frame;
use crate::wire::transport::Transport;

/// The most frames given to one write.
const FRAMES_PER_WRITE: usize = 64;

pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    /// The most bytes that may wait.
    limit: usize,
    /// Told whenever nothing waits any more, and when the connection has ended.
    emptied: Notify,
    /// Told when the connection begins to end.
    ending: Notify,
    activity: Activity,
}

struct Inner {
    state: State,
    client: Client,
    queue: VecDeque<Bytes>,
    /// Frames from others during `on_connect`: they follow what it sends itself.
    held: VecDeque<Bytes>,
    /// How much of the first frame in `queue` has been written.
    written: usize,
    /// What waits in `queue` and `held`.
    bytes: usize,
    /// The task that writes, when it is not running: while it runs, pushes need not wake it (it is corked, and looks into
    /// the queue before it rests).
    writer: Option<Waker>,
    /// Counted while the queue is not empty.
    in_flight: Option<Token>,
}

enum State {
    /// `on_connect` runs and has not sent to others yet.
    Welcoming,
    Open,
    /// Our Close frame is the last in the queue, where the client is there to read it; nothing is taken any more.
    Closing(Close),
}

#[derive(PartialEq, Eq)]
enum Client {
    Here,
    /// Its side has ended; it still reads what it is owed.
    Leaving,
    /// There is nobody to write to.
    Gone,
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
            state: State::Welcoming,
            client: Client::Here,
            queue: VecDeque::new(),
            held: VecDeque::new(),
            written: 0,
            bytes: 0,
            writer: None,
            in_flight: None,
        };
        Self { inner: Mutex::new(inner), limit, emptied: Notify::new(), ending: Notify::new(), activity }
    }

    /// Takes a frame, or says no: the connection is ending, or this frame went over the bound and ended it.
    pub fn push(&self, frame: Bytes, from: Sender) -> bool {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if matches!(inner.state, State::Closing(_)) || inner.client == Client::Gone {
            return false;
        }
        if inner.bytes + frame.len() > self.limit {
            self.cut_slow_client(inner);
            return false;
        }
        inner.bytes += frame.len();
        match (&inner.state, from) {
            (State::Welcoming, Sender::Others) => inner.held.push_back(frame),
            _ => {
                inner.queue.push_back(frame);
                self.wake_writer(inner);
            }
        }
        true
    }

    /// Lets frames from others through: `on_connect` has returned, or has itself sent to others.
    pub fn welcome_is_over(&self) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if matches!(inner.state, State::Welcoming) {
            inner.state = State::Open;
            let mut held = std::mem::take(&mut inner.held);
            if !held.is_empty() {
                inner.queue.append(&mut held);
                self.wake_writer(inner);
            }
        }
    }

    /// Says goodbye after all that was pushed before. The first close counts; tells whether this was it.
    pub fn close(&self, close: Close) -> bool {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if matches!(inner.state, State::Closing(_)) {
            return false;
        }
        if inner.client != Client::Gone {
            // What others sent before the close still comes before it.
            let mut held = std::mem::take(&mut inner.held);
            inner.queue.append(&mut held);
            // A client's own close is answered with its code; the reason was its own. One that ended its half of the
            // stream without a Close gets none either.
            let reason = if close.by == ClosedBy::Client { "" } else { &close.reason };
            if close.by != ClosedBy::Lost {
                inner.queue.push_back(close_frame(close.code.unwrap_or(CloseCode::NORMAL), reason));
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
        inner.queue = VecDeque::new();
        inner.held = VecDeque::new();
        inner.bytes = 0;
        inner.in_flight = None;
        self.ending.notify_waiters();
        self.emptied.notify_waiters();
    }

    /// A client that lets too much pile up gets what it had begun to get, then 1013, and no more time than a close has.
    fn cut_slow_client(&self, inner: &mut Inner) {
        let code = CloseCode::TRY_AGAIN;
        let reason = "too slow: too much was waiting for this client";
        tracing::info!(waiting_bytes = inner.bytes, "a slow client is disconnected");
        inner.held.clear();
        inner.queue.truncate(usize::from(inner.written > 0));
        inner.queue.push_back(close_frame(code, reason));
        self.end(inner, Close::new(ClosedBy::SlowClient, Some(code), reason));
    }

    fn end(&self, inner: &mut Inner, close: Close) {
        inner.state = State::Closing(close);
        self.wake_writer(inner);
        self.ending.notify_waiters();
        self.emptied.notify_waiters();
    }

    fn wake_writer(&self, inner: &mut Inner) {
        if inner.in_flight.is_none() {
            inner.in_flight = Some(self.activity.begin(Work::Outbox));
        }
        if let Some(writer) = inner.writer.take() {
            writer.wake();
        }
    }

    /// All that waits, for a test that is its own client.
    pub fn take(&self) -> Vec<Bytes> {
        let mut inner = self.inner.lock();
        inner.bytes = 0;
        inner.in_flight = None;
        inner.queue.drain(..).collect()
    }

    /// What counts the work in flight.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// How we end the connection, once we do.
    pub fn closing(&self) -> Option<Close> {
        match &self.inner.lock().state {
            State::Closing(close) => Some(close.clone()),
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
        self.until(&self.emptied, |inner| inner.queue.is_empty() || inner.is_ending()).await;
    }

    async fn until(&self, told: &Notify, holds: impl Fn(&Inner) -> bool) {
        loop {
            // Made before the look, so that what happens between the look and the wait is not missed.
            let notified = told.notified();
            if holds(&self.inner.lock()) {
                return;
            }
            notified.await;
        }
    }

    /// The task runs and will drain before it rests: until then pushes need not wake it.
    pub fn cork(&self) {
        self.inner.lock().writer = None;
    }

    /// Writes what waits, as far as the client takes it; the task is woken when more can be written, or is pushed later.
    ///
    /// # Errors
    /// The transport's: the client is gone, and all that waited with it.
    pub fn drain(&self, cx: &mut Context<'_>, io: &mut Transport) -> io::Result<Drained> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let mut wrote = false;
        while !inner.queue.is_empty() {
            match inner.poll_write(cx, io) {
                Poll::Pending => {
                    inner.rest(cx);
                    return Ok(Drained { wrote, empty: false });
                }
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => {
                    inner.advance(bytes);
                    wrote = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        inner.rest(cx);
        let empty = if wrote { io.poll_flush(cx)?.is_ready() } else { true };
        if empty {
            inner.in_flight = None;
            self.emptied.notify_waiters();
        }
        Ok(Drained { wrote, empty })
    }
}

/// What a drain came to.
#[derive(Clone, Copy)]
pub(crate) struct Drained {
    /// Whether the client took anything.
    pub wrote: bool,
    /// Whether nothing waits any more.
    pub empty: bool,
}

impl Inner {
    fn is_ending(&self) -> bool {
        matches!(self.state, State::Closing(_)) || self.client != Client::Here
    }

    fn poll_write(&self, cx: &mut Context<'_>, io: &mut Transport) -> Poll<io::Result<usize>> {
        let first = &self.queue[0][self.written..];
        if self.queue.len() == 1 {
            return io.poll_write(cx, first);
        }
        let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
        for (slice, frame) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(frame);
        }
        slices[0] = IoSlice::new(first);
        io.poll_write_vectored(cx, &slices[..self.queue.len().min(FRAMES_PER_WRITE)])
    }

    fn advance(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.written += bytes;
        while let Some(frame) = self.queue.front() {
            if self.written < frame.len() {
                return;
            }
            self.written -= frame.len();
            self.queue.pop_front();
        }
        // Idle connections keep no burst's worth of room.
        if self.queue.capacity() > 8 {
            self.queue = VecDeque::new();
        }
    }

    /// The task is about to rest: from now on it is woken.
    fn rest(&mut self, cx: &Context<'_>) {
        match &self.writer {
            Some(writer) if writer.will_wake(cx.waker()) => {}
            _ => self.writer = Some(cx.waker().clone()),
        }
    }
}
