//! How far a sender is ahead of the rooms it sends to.
//!
//! A broadcast costs its sender nothing and the room a write for each member. So what somebody has sent to rooms and no flusher
//! has passed on yet is counted. Above a mark a connection's input waits: whoever floods a room is slowed to the room's pace,
//! by its own socket. Whoever sends through a hub can wait for the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Above so many bytes ahead, or a sixteenth of what may wait for one client, a sender waits. Eight senders have so much each;
/// more share it: see `room/flush_queue`.
const HIGH_MARK: u32 = 64 * 1024;

pub(crate) struct SendBacklog {
    ahead: AtomicUsize,
    high_mark: u32,
    /// To how many clients it has sent in its task's turn.
    spent: AtomicU32,
}

impl SendBacklog {
    pub fn new(outbox_bytes: usize) -> Self {
        let high_mark = u32::try_from(outbox_bytes / 16).map_or(HIGH_MARK, |mark| mark.clamp(1, HIGH_MARK));
        Self { ahead: AtomicUsize::new(0), high_mark, spent: AtomicU32::new(0) }
    }

    pub fn mark(&self) -> usize {
        self.high_mark as usize
    }

    pub fn over_high_water(&self) -> bool {
        self.ahead.load(Ordering::Acquire) > self.mark()
    }

    /// It has sent to so many clients.
    pub fn spend(&self, recipients: usize) {
        self.spent.fetch_add(u32::try_from(recipients).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// To how many clients it has sent since this was asked last.
    pub fn take_spent(&self) -> u32 {
        self.spent.swap(0, Ordering::Relaxed)
    }

    pub fn advance(&self, bytes: usize) {
        self.ahead.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The room has passed on so much of it. Whether it was too far ahead and is no more.
    pub fn catch_up(&self, bytes: usize) -> bool {
        let before = self.ahead.fetch_sub(bytes, Ordering::AcqRel);
        before > self.mark() && before - bytes <= self.mark()
    }
}

/// The pace of all who send from outside: to one room, or to a channel.
pub(crate) struct HubBacklog {
    pub backlog: SendBacklog,
    caught_up: Notify,
    /// That of the room's channel, which has all that its rooms have. `None` for a channel.
    channel: Option<Arc<Self>>,
}

impl HubBacklog {
    /// That of a channel.
    pub fn new(outbox_bytes: usize) -> Self {
        Self { backlog: SendBacklog::new(outbox_bytes), caught_up: Notify::new(), channel: None }
    }

    /// That of a room of this channel.
    pub fn of_room(channel: &Arc<Self>) -> Self {
        let high_mark = channel.backlog.high_mark;
        let backlog = SendBacklog { ahead: AtomicUsize::new(0), high_mark, spent: AtomicU32::new(0) };
        Self { backlog, caught_up: Notify::new(), channel: Some(Arc::clone(channel)) }
    }

    pub fn advance(&self, bytes: usize) {
        self.backlog.advance(bytes);
        if let Some(channel) = &self.channel {
            channel.advance(bytes);
        }
    }

    pub fn catch_up(&self, bytes: usize) {
        if self.backlog.catch_up(bytes) {
            self.caught_up.notify_waiters();
        }
        if let Some(channel) = &self.channel {
            channel.catch_up(bytes);
        }
    }

    /// Waits until what was sent is not too far ahead.
    pub async fn caught_up(&self) {
        loop {
            // Made before the look, so that what happens between the look and the wait is not missed.
            let caught_up = self.caught_up.notified();
            if !self.backlog.over_high_water() {
                return;
            }
            caught_up.await;
        }
    }
}
