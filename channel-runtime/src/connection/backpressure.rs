//! Backpressure on senders: how many bytes a sender is ahead of the rooms that it sends to.
//!
//! A connection whose rooms have yet to write more than the high-water mark is not read from. A producer with a hub can wait too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The mark is a sixteenth of a client's bound if that is less. More than four senders share four marks: see `room/flush_queue`.
const HIGH_MARK: u32 = 64 * 1024;

pub(crate) struct SendBacklog {
    ahead: AtomicUsize,
    high_mark: u32,
    /// To how many clients it has sent since its task last yielded.
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

    pub fn spend(&self, recipients: usize) {
        self.spent.fetch_add(u32::try_from(recipients).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    pub fn take_spent(&self) -> u32 {
        self.spent.swap(0, Ordering::Relaxed)
    }

    pub fn advance(&self, bytes: usize) {
        self.ahead.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Returns whether the sender was over the high-water mark and is no more.
    pub fn catch_up(&self, bytes: usize) -> bool {
        let before = self.ahead.fetch_sub(bytes, Ordering::AcqRel);
        before > self.mark() && before - bytes <= self.mark()
    }
}

pub(crate) struct HubBacklog {
    pub backlog: SendBacklog,
    caught_up: Notify,
    /// The channel's, which counts all that its rooms count. `None` for a channel.
    channel: Option<Arc<Self>>,
    /// If not, its mark is not the clients', and no room keeps it.
    pub is_of_clients: bool,
}

impl HubBacklog {
    pub fn new(outbox_bytes: usize) -> Self {
        Self { backlog: SendBacklog::new(outbox_bytes), caught_up: Notify::new(), channel: None, is_of_clients: true }
    }

    /// What waits for the bus of a cluster alone.
    #[cfg(feature = "cluster")]
    pub fn without_clients() -> Self {
        Self { is_of_clients: false, ..Self::new(usize::MAX) }
    }

    pub fn of_room(channel: &Arc<Self>) -> Self {
        let high_mark = channel.backlog.high_mark;
        let backlog = SendBacklog { ahead: AtomicUsize::new(0), high_mark, spent: AtomicU32::new(0) };
        Self { backlog, caught_up: Notify::new(), channel: Some(Arc::clone(channel)), is_of_clients: true }
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

    pub async fn caught_up(&self) {
        loop {
            // Made before the check, so that a notification between the check and the wait is not missed.
            let caught_up = self.caught_up.notified();
            if !self.backlog.over_high_water() {
                return;
            }
            caught_up.await;
        }
    }
}
