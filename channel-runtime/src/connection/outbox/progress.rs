//! The progress of a client's stream: what it has taken, whether it takes no more at once, and how far behind the client is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::blocked::{Blocked, Lag};
use super::{Inner, Outbox};

const BLOCKED: u64 = 1;

impl Outbox {
    /// `None` if the client is not behind. `late` is how much later than planned this is called: the client is not charged for it.
    pub fn lag(&self, now: Instant, late: Duration) -> Option<Lag> {
        let inner = &mut *self.inner.lock();
        if !self.is_behind(inner) {
            return None;
        }
        let quarters = inner.queue.bytes() / (self.limit() / 4).max(1);
        Some(match &mut inner.blocked {
            Some(blocked) => blocked.lag(now, late, quarters),
            None => Lag::of_open_stream(quarters),
        })
    }

    /// Writes again if the socket took no more. A kernel reports that a socket takes more only when a third of its buffer is free,
    /// which may take a slow client a minute.
    pub fn nudge(&self) {
        let inner = &mut *self.inner.lock();
        if inner.blocked.is_some() {
            self.nudge_with(inner);
        }
    }

    pub(super) fn nudge_with(&self, inner: &mut Inner) {
        let before = inner.queue.bytes();
        let Some(written) = inner.write_directly() else { return };
        let after = inner.queue.bytes();
        self.hand(before - after);
        self.notify_room(inner, before);
        if let Some(blocked) = &mut inner.blocked {
            blocked.took(before - after);
        }
        // All is written, or has failed; or the owner may have been idle because so much waited, with input to handle.
        let half = self.limit() / 2;
        if written.is_ready() || (before > half && after <= half) {
            inner.wake_owner();
        }
    }

    pub fn is_blocked(&self) -> bool {
        self.handed.load(Ordering::Relaxed) & BLOCKED != 0
    }

    /// Writes again, after a tick. Returns for how many ticks a client whose stream is full has taken nothing.
    pub fn tick(&self) -> u32 {
        self.nudge();
        let inner = &mut *self.inner.lock();
        inner.blocked.as_mut().map_or(0, |blocked| blocked.tick())
    }

    /// Whether others than the owner can write.
    pub fn is_direct(&self) -> bool {
        self.inner.lock().socket.is_some()
    }

    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Relaxed) >> 1
    }

    /// Under the lock, so that no addition is lost.
    pub(super) fn hand(&self, bytes: usize) {
        self.handed.store(self.handed.load(Ordering::Relaxed).wrapping_add((bytes as u64) << 1), Ordering::Relaxed);
    }

    #[cold]
    pub(super) fn block(&self, inner: &mut Inner, is_blocked: bool, taken: usize) {
        match &mut inner.blocked {
            Some(blocked) if is_blocked => blocked.took(taken),
            blocked => {
                *blocked = is_blocked.then(Blocked::begin);
                let handed = self.handed.load(Ordering::Relaxed) & !BLOCKED;
                self.handed.store(handed | u64::from(is_blocked), Ordering::Relaxed);
            }
        }
    }
}
