//! The outbox: the frames that wait for one client, bounded in bytes, and who writes them.
//!
//! Anyone may push, and a push never waits: it settles the order, and at the bound the client is disconnected as slow. The frames
//! are written by the connection's own task (the owner); or, while that task is idle, straight to the socket by a room's flusher.

mod awaited;
pub(crate) mod blocked;
mod closing;
mod knowing;
mod newest;
mod offering;
mod progress;
pub(crate) mod queue;
#[cfg(test)]
mod tests;
mod writer;
pub(crate) mod writing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use self::awaited::Awaited;
use self::blocked::Blocked;
pub(crate) use self::newest::{Offer, Offered};
use self::writer::Writer;
use crate::connection::in_flight::{Activity, Work, WorkGuard};
use crate::connection::lock_order::{Ranked, rank};
use crate::connection::outbox::queue::Queue;
use crate::wire::close::Close;
use crate::wire::frame::{Frame, len_of, text_header};

// In memory as written here, and `Inner` small, because a broadcast to thousands fetches it for each of them, twice.
#[repr(C)]
pub(crate) struct Outbox {
    inner: Ranked<{ rank::OUTBOX }, Inner>,
    /// In bytes. Narrow, so that the outbox stays small.
    limit: u32,
    /// Within how many milliseconds a client that is closed now comes back. Zero if it hears none of the framework's own frames.
    return_window: AtomicU32,
    /// Twice the bytes that the stream has taken, plus one if it takes no more at once. Changed under the lock, read without it.
    handed: AtomicU64,
    activity: Activity,
}

#[derive(Default)]
struct Waits {
    /// Notified when the queue is empty or no more than a quarter full, when rooms catch up, and when the connection is closed.
    emptied: Notify,
    ending: Notify,
}

struct Inner {
    state: State,
    client: Client,
    queue: Queue,
    /// The socket's writing half. `None` if there is no socket: then only the owner can write.
    socket: Option<OwnedWriteHalf>,
    writer: Writer,
    is_unflushed: bool,
    blocked: Option<Box<Blocked>>,
    /// In bytes: `limit`, and the longest frame if it was [counted](Outbox::finds_room). Narrow, so that `Inner` stays small.
    allowed: u32,
    /// What is to be done when the queue becomes empty or less full.
    awaited: Awaited,
    /// The connection ends because the server goes away, and its Close is not queued yet, because an answer may be owed first.
    is_draining: bool,
    in_flight: WorkGuard,
    /// Made by the first task that waits, because most connections have none.
    waits: Option<Arc<Waits>>,
}

enum State {
    /// `on_connect` runs and has not sent to others yet. Frames from others are held, so that they follow what it sends itself.
    Welcoming {
        held: Option<Box<Queue>>,
    },
    Open,
    /// Our Close frame is the last in the queue, if the client is there to read it. No more frames are taken.
    Closing(Box<Close>),
}

#[derive(PartialEq, Eq)]
enum Client {
    Here,
    Leaving,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Enqueued {
    Refused,
    Queued,
    /// It waits, and the client is behind: more than a quarter of what may wait does.
    Lagging,
    /// It waits, and the caller must [`flush`](Outbox::flush), or [wake the owner](Outbox::wake_owner).
    MustFlush,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Own,
    Others,
}

impl Outbox {
    pub fn new(limit: usize, activity: Activity) -> Self {
        let inner = Inner {
            state: State::Welcoming { held: None },
            client: Client::Here,
            queue: Queue::default(),
            socket: None,
            writer: Writer::Owner,
            is_unflushed: false,
            blocked: None,
            allowed: narrow(limit),
            awaited: Awaited::default(),
            is_draining: false,
            in_flight: WorkGuard::default(),
            waits: None,
        };
        Self {
            inner: Ranked::new(inner),
            limit: narrow(limit),
            return_window: AtomicU32::new(0),
            handed: AtomicU64::new(0),
            activity,
        }
    }

    pub fn push(&self, frame: Frame, from: Sender) -> Enqueued {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        // Nearly always. Everything else is one call, so that a broadcast pays for none of it.
        if inner.has_room_for(frame.len()) {
            self.enqueue(inner, |queue| match from {
                Sender::Own => queue.gather(frame),
                Sender::Others => queue.push(frame),
            })
        } else {
            self.push_with_care(inner, frame, from)
        }
    }

    /// Pushes a copy of a whole frame's bytes, from the connection's own handler for this client alone.
    pub fn push_own(&self, frame: &[u8]) -> Enqueued {
        self.push_parts([frame])
    }

    /// As [`push_own`](Self::push_own), with a text that has no frame yet.
    pub fn push_own_text(&self, text: &str) -> Enqueued {
        let (header, size) = text_header(text.len());
        self.push_parts([&header[..size], text.as_bytes()])
    }

    fn push_parts<const N: usize>(&self, parts: [&[u8]; N]) -> Enqueued {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if inner.has_room_for(len_of(parts)) {
            self.enqueue(inner, |queue| queue.gather_bytes(parts))
        } else {
            self.push_with_care(inner, Frame::copied(parts), Sender::Own)
        }
    }

    #[cold]
    #[inline(never)]
    fn push_with_care(&self, inner: &mut Inner, frame: Frame, from: Sender) -> Enqueued {
        if inner.is_over() {
            return Enqueued::Refused;
        }
        if inner.bytes() + frame.len() > inner.allowed() && !self.finds_room(inner, frame.len()) {
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

    #[inline(always)]
    fn enqueue(&self, inner: &mut Inner, append: impl FnOnce(&mut Queue)) -> Enqueued {
        append(&mut inner.queue);
        self.count(inner);
        if inner.blocked.is_none() && inner.writer.assign_flush() {
            return Enqueued::MustFlush;
        }
        if self.is_behind(inner) { Enqueued::Lagging } else { Enqueued::Queued }
    }

    /// In bytes.
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes()
    }

    fn is_behind(&self, inner: &Inner) -> bool {
        inner.queue.bytes() > self.limit() / 4 && !inner.is_over()
    }

    /// What is held while `on_connect` runs is not counted.
    pub fn is_filling(&self) -> bool {
        self.is_behind(&self.inner.lock())
    }

    fn is_far_behind(&self, inner: &Inner) -> bool {
        inner.queue.bytes() > self.limit() / 2 && !inner.is_over()
    }

    /// The bound is for what waits beside the longest frame. What is allowed for that frame stays allowed until the queue is empty.
    fn finds_room(&self, inner: &mut Inner, bytes: usize) -> bool {
        if inner.blocked.is_some() {
            self.nudge_with(inner);
        }
        if inner.bytes() + bytes > inner.allowed() {
            // Counted only here, once for each frame that goes over, because it goes through the whole queue.
            inner.allowed = narrow(self.limit().saturating_add(inner.longest().max(bytes)));
            inner.awaited.notify();
        }
        inner.bytes() + bytes <= inner.allowed()
    }

    /// Has the processor fetch the outbox from memory, before it is locked.
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
        if held.is_some() || inner.awaited.pulls() {
            inner.queue.append(held.map_or_else(Queue::default, |held| *held));
            self.count(inner);
            inner.wake_owner();
        }
    }

    pub fn take(&self) -> Vec<u8> {
        let mut inner = self.inner.lock();
        inner.in_flight.end();
        std::mem::take(&mut inner.queue).into_bytes()
    }

    /// What waits, as if the client took it, and whether its own task has to pull newest values.
    #[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
    pub fn take_all(&self) -> (Vec<u8>, bool) {
        let mut inner = self.inner.lock();
        let taken = std::mem::take(&mut inner.queue).into_bytes();
        let pulls = self.notify_emptied(&mut inner);
        (taken, pulls)
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Waits until the queue is empty, or the connection is ending. Held frames do not count, because `on_connect` may call this.
    pub async fn flushed(&self) {
        self.until(
            |waits| &waits.emptied,
            |inner| {
                let holds = inner.queue.is_empty() || inner.is_over();
                if !holds {
                    inner.awaited.notify();
                }
                holds
            },
        )
        .await;
    }

    /// Waits until `holds`, checked at each [`notify_caught_up`](Self::notify_caught_up), or the connection is ending.
    pub async fn caught_up(&self, holds: impl Fn() -> bool) {
        self.until(|waits| &waits.emptied, |inner| inner.is_over() || holds()).await;
    }

    /// The rooms have written what its own handler has sent: input that waited for that is handled, and tasks in
    /// [`caught_up`](Self::caught_up) check again.
    pub fn notify_caught_up(&self) {
        let inner = &mut *self.inner.lock();
        inner.wake_owner();
        inner.notify(|waits| &waits.emptied);
    }

    fn count(&self, inner: &mut Inner) {
        if !inner.in_flight.is_counting() {
            inner.in_flight = self.activity.begin(Work::Outbox);
        }
    }

    /// Returns whether the owner has to pull newest values.
    fn notify_emptied(&self, inner: &mut Inner) -> bool {
        inner.in_flight.end();
        inner.awaited.is_any() && self.end_waits(inner)
    }

    #[cold]
    fn end_waits(&self, inner: &mut Inner) -> bool {
        if inner.awaited.take_notify() {
            inner.allowed = self.limit;
            inner.notify(|waits| &waits.emptied);
        }
        // Those of others wait until `on_connect` has returned.
        matches!(inner.state, State::Open) && inner.awaited.take_pull()
    }

    async fn until(&self, notify: fn(&Waits) -> &Notify, holds: impl Fn(&mut Inner) -> bool) {
        let waits = Arc::clone(self.inner.lock().waits.get_or_insert_default());
        loop {
            // Made before the check, so that a notification between the check and the wait is not missed.
            let notified = notify(&waits).notified();
            if holds(&mut self.inner.lock()) {
                return;
            }
            notified.await;
        }
    }
}

fn narrow(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Inner {
    fn notify(&self, whom: fn(&Waits) -> &Notify) {
        if let Some(waits) = &self.waits {
            whom(waits).notify_waiters();
        }
    }

    fn allowed(&self) -> usize {
        self.allowed as usize
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        let is_open = matches!(self.state, State::Open) && self.client != Client::Gone;
        is_open && self.queue.bytes() + bytes <= self.allowed()
    }

    fn bytes(&self) -> usize {
        let held = if let State::Welcoming { held: Some(held) } = &self.state { held.bytes() } else { 0 };
        self.queue.bytes() + held
    }

    fn longest(&self) -> usize {
        let held = if let State::Welcoming { held: Some(held) } = &self.state { held.longest() } else { 0 };
        self.queue.longest().max(held)
    }
}
