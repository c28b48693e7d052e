//! How far a sender is ahead of the rooms it sends to.
//!
//! A broadcast costs its sender nothing and the room a write for each member. So what a connection has sent to rooms and
//! no flusher has passed on yet is counted, and above a mark the connection's input waits: whoever floods a room is slowed to
//! the room's pace, by its own socket.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Above so many bytes ahead, or a quarter of what may wait for one client, a connection's next message waits.
const HIGH_MARK: usize = 64 * 1024;

pub(crate) struct Pace {
    ahead: AtomicUsize,
    high_mark: usize,
}

impl Pace {
    pub fn new(outbox_bytes: usize) -> Self {
        Self { ahead: AtomicUsize::new(0), high_mark: HIGH_MARK.min(outbox_bytes / 4) }
    }

    pub fn is_too_far_ahead(&self) -> bool {
        self.ahead.load(Ordering::Acquire) > self.high_mark
    }

    pub fn advance(&self, bytes: usize) {
        self.ahead.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The room has passed on so much of it. Whether it was too far ahead and is no more.
    pub fn catch_up(&self, bytes: usize) -> bool {
        let before = self.ahead.fetch_sub(bytes, Ordering::AcqRel);
        before > self.high_mark && before - bytes <= self.high_mark
    }
}
