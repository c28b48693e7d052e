//! What waits for one client, bounded in bytes, and who writes it.
//!
//! Anyone may push, and a push never waits: it settles the order, and at the bound the client is cut as slow. The bytes are
//! written by the connection's own task, or by whoever has pushed to many (a room's flusher), straight to the socket, while
//! that task rests.

pub(crate) mod blocked;
mod closing;
mod progress;
pub(crate) mod queue;
#[cfg(test)]
mod tests;
mod writing;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::Waker;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use self::blocked::Blocked;
use crate::connection::in_flight::{Activity, Work, WorkGuard};
use crate::connection::lock_order::{Ranked, rank};
use crate::connection::outbox::queue::Queue;
use crate::wire::close::Close;
use crate::wire::frame::Frame;

// In memory as written here, and `Inner` small: a broadcast to thousands fetches it for each of them, twice.
#[repr(C)]
pub(crate) struct Outbox {
    inner: Ranked<{ rank::OUTBOX }, Inner>,
    /// The most bytes that may wait beside one frame: the longest that has waited since the outbox was empty last.
    limit: usize,
    /// Twice the number of bytes that the stream has taken, and one where it takes no more at once. Changed under the lock, and
    /// read without it.
    handed: AtomicU64,
    activity: Activity,
}

/// Where somebody waits for what becomes of an outbox.
#[derive(Default)]
struct Waits {
    /// Told whenever nothing waits any more, or no more than a quarter of what may, and when the connection has ended.
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
    /// The stream takes no more at once: its owner waits for that. `None` while it does.
    blocked: Option<Box<Blocked>>,
    /// Above so many bytes that wait it is looked closer: `limit`, and the longest frame where one was counted. See
    /// [`finds_room`](Outbox::finds_room).
    allowed: usize,
    /// Whoever pushed last must have what waits written.
    must_flush: bool,
    /// Something is to be done once nothing waits any more, or less does: somebody is told, or `allowed` is `limit` again.
    is_awaited: bool,
    /// It ends because the server goes away, which its client has not been told yet: an answer may be owed before.
    is_draining: bool,
    /// Counted while the queue is not empty.
    in_flight: WorkGuard,
    /// Made by the first who waits, for nobody does for most connections.
    waits: Option<Arc<Waits>>,
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
pub(crate) enum Enqueued {
    /// The connection is ending, or this frame went over the bound and ended it.
    Refused,
    /// It waits, and somebody will write it.
    Queued,
    /// It waits, and the client is behind: more than a quarter of what may wait does.
    Lagging,
    /// It waits, and the caller must [`flush`](Outbox::flush), or [wake the owner](Outbox::wake_owner).
    MustFlush,
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
            blocked: None,
            allowed: limit,
            must_flush: false,
            is_awaited: false,
            is_draining: false,
            in_flight: WorkGuard::default(),
            waits: None,
        };
        Self { inner: Ranked::new(inner), limit, handed: AtomicU64::new(0), activity }
    }

    /// Takes a frame.
    pub fn push(&self, frame: Frame, from: Sender) -> Enqueued {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        // Nearly always so. All else is one call, so that a broadcast pays for none of it.
        if inner.has_room_for(frame.len()) {
            self.enqueue(inner, |queue| match from {
                Sender::Own => queue.gather(frame),
                Sender::Others => queue.push(frame),
            })
        } else {
            self.push_with_care(inner, frame, from)
        }
    }

    /// Takes a copy of a whole frame's bytes, for this client alone, of its own handler.
    pub fn push_own(&self, frame: &[u8]) -> Enqueued {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if inner.has_room_for(frame.len()) {
            self.enqueue(inner, |queue| queue.gather_bytes(frame))
        } else {
            self.push_with_care(inner, Frame::copied(frame), Sender::Own)
        }
    }

    /// The same where the connection is not open, or the frame goes over what is allowed.
    #[cold]
    #[inline(never)]
    fn push_with_care(&self, inner: &mut Inner, frame: Frame, from: Sender) -> Enqueued {
        if inner.is_over() {
            return Enqueued::Refused;
        }
        if inner.bytes() + frame.len() > inner.allowed && !self.finds_room(inner, frame.len()) {
            self.cut_slow_client(inner);
            return Enqueued::Refused;
        }
        if let (State::Welcoming { held }, Sender::Others) = (&mut inner.state, from) {
            held.get_or_insert_default().push(frame);
            return Enqueued::Queued;
        }
        self.enqueue(inner, |queue| match from {
            Sender::Own => queue.gather(frame),
            Sender::Others => queue.push(frame),
        })
    }

    /// Appends a frame that may wait.
    #[inline(always)]
    fn enqueue(&self, inner: &mut Inner, append: impl FnOnce(&mut Queue)) -> Enqueued {
        append(&mut inner.queue);
        self.count(inner);
        if inner.owner.is_none() || inner.blocked.is_some() || inner.must_flush {
            return if self.is_behind(inner) { Enqueued::Lagging } else { Enqueued::Queued };
        }
        inner.must_flush = true;
        Enqueued::MustFlush
    }

    /// How many bytes wait for the client.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes()
    }

    /// Whether more than a quarter of what may wait does.
    fn is_behind(&self, inner: &Inner) -> bool {
        inner.queue.bytes() > self.limit / 4 && !inner.is_over()
    }

    /// Whether more than a quarter of what may wait does, that which is held while `on_connect` runs not counted.
    pub fn is_filling(&self) -> bool {
        self.is_behind(&self.inner.lock())
    }

    /// Whether more than half of what may wait does.
    fn is_far_behind(&self, inner: &Inner) -> bool {
        inner.queue.bytes() > self.limit / 2 && !inner.is_over()
    }

    /// A frame of so many bytes goes over what is allowed: whether it may wait all the same, because the client takes some of
    /// what waits, or because the bound is for what waits *beside* the longest frame. A frame that nothing waits beside always may.
    /// What is allowed for a long frame stays so behind it, until nothing waits.
    fn finds_room(&self, inner: &mut Inner, bytes: usize) -> bool {
        if inner.blocked.is_some() {
            self.nudge_with(inner);
        }
        if inner.bytes() + bytes > inner.allowed {
            // Counted here alone, where it matters; and anew with each frame that goes over, so that the list is gone through
            // once for each raise.
            inner.allowed = self.limit.saturating_add(inner.longest().max(bytes));
            inner.is_awaited = true;
        }
        inner.bytes() + bytes <= inner.allowed
    }

    /// Has the processor fetch it, before it is locked.
    pub fn fetch(&self) {
        std::hint::black_box((self.inner.is_locked(), self.limit));
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

    /// All that waits, for a test that is its own client.
    pub fn take(&self) -> Vec<u8> {
        let mut inner = self.inner.lock();
        inner.in_flight.end();
        std::mem::take(&mut inner.queue).into_bytes()
    }

    /// What counts the work in flight.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Waits until nothing waits for the client, or the connection is ending. What is held until `on_connect` is over does
    /// not count, for `on_connect` may be the one who waits.
    pub async fn flushed(&self) {
        self.until(
            |waits| &waits.emptied,
            |inner| {
                let holds = inner.queue.is_empty() || inner.is_over();
                inner.is_awaited |= !holds;
                holds
            },
        )
        .await;
    }

    /// Waits until `holds`, which is looked at whenever [`tell_caught_up`](Self::tell_caught_up) is called, or the connection is
    /// ending.
    pub async fn caught_up(&self, holds: impl Fn() -> bool) {
        self.until(|waits| &waits.emptied, |inner| inner.is_over() || holds()).await;
    }

    /// What its own handler has sent to rooms has been passed on: input that waits for that is handled, and whoever looks at
    /// [`caught_up`](Self::caught_up) is told.
    pub fn tell_caught_up(&self) {
        let inner = &mut *self.inner.lock();
        inner.wake_owner();
        inner.tell(|waits| &waits.emptied);
    }

    /// Counts what waits, where a test counts.
    fn count(&self, inner: &mut Inner) {
        if !inner.in_flight.counters() {
            inner.in_flight = self.activity.begin(Work::Outbox);
        }
    }

    /// Nothing waits any more.
    fn tell_emptied(&self, inner: &mut Inner) {
        inner.in_flight.end();
        if std::mem::take(&mut inner.is_awaited) {
            inner.allowed = self.limit;
            inner.tell(|waits| &waits.emptied);
        }
    }

    async fn until(&self, told: fn(&Waits) -> &Notify, holds: impl Fn(&mut Inner) -> bool) {
        let waits = Arc::clone(self.inner.lock().waits.get_or_insert_default());
        loop {
            // Made before the look, so that what happens between the look and the wait is not missed.
            let notified = told(&waits).notified();
            if holds(&mut self.inner.lock()) {
                return;
            }
            notified.await;
        }
    }
}

impl Inner {
    /// Tells those who wait for it, if anybody ever has.
    fn tell(&self, whom: fn(&Waits) -> &Notify) {
        if let Some(waits) = &self.waits {
            whom(waits).notify_waiters();
        }
    }

    /// Whether a frame of so many bytes is simply taken: the connection is open, and no more would wait than is allowed.
    fn has_room_for(&self, bytes: usize) -> bool {
        let is_open = matches!(self.state, State::Open) && self.client != Client::Gone;
        is_open && self.queue.bytes() + bytes <= self.allowed
    }

    /// How many bytes wait.
    fn bytes(&self) -> usize {
        let held = if let State::Welcoming { held: Some(held) } = &self.state { held.bytes() } else { 0 };
        self.queue.bytes() + held
    }

    /// How many bytes the longest frame has that waits.
    fn longest(&self) -> usize {
        let held = if let State::Welcoming { held: Some(held) } = &self.state { held.longest() } else { 0 };
        self.queue.longest().max(held)
    }
}
