//! A client whose stream takes no more at once: whether it takes what waits for it, and how fast.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Inner, Outbox};
use crate::connection::unread::PACE;

/// The most that is on a client's account: a client that took more than the pace is waited for so much longer, two seconds at
/// the most.
const MOST_CREDIT: u32 = 2 * PACE;

/// What is on a client's account when its stream takes no more: it is waited for 1.2 seconds before it has taken anything.
const FIRST_CREDIT: u32 = PACE / 5 * 6;

/// A client that has taken something so long ago at the most is on its way: a segment that is lost on a network costs it 200 ms,
/// and 400 more where it is lost again.
const LATELY: Duration = Duration::from_millis(600);

/// The same for a client whose stream has just been found full, and that has not been seen to take anything since.
const FIRST_LATELY: Duration = Duration::from_millis(250);

/// What was found so long ago may have changed: a server that has much to do looks late, and its clients have read meanwhile.
const STALE: Duration = Duration::from_millis(100);

/// In [`Outbox::handed`]: the stream takes no more at once.
const BLOCKED: u64 = 1;

/// Whoever looks late counts so much less of a client's time at the most, until the client takes something: a server that has too
/// much to do for long does not wait any longer for who has stalled.
const MOST_FORGIVEN: Duration = Duration::from_secs(1);

/// What is known of such a client. It has an account: a byte that it takes is put on it, and time takes off
/// [`PACE`] a second.
pub(super) struct Blocked {
    credit: u32,
    /// Since when time has not been taken off.
    settled: Instant,
    /// When it took something last.
    taken_at: Instant,
    /// When it was tried last.
    tried_at: Instant,
    /// How much less of the time since it took something is counted.
    forgiven: Duration,
    /// Whether it has since the last tick.
    has_taken: bool,
    /// Whether it has since its stream was found full.
    has_ever_taken: bool,
    /// For how many ticks it has taken nothing.
    idle: u32,
}

/// How far behind a client is, where more than a quarter of what may wait for it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lag {
    /// How many whole quarters of what may wait do.
    pub quarters: usize,
    /// It takes what it is sent, at the [`PACE`] or faster.
    pub takes: bool,
    /// It is not known to: it has not taken anything since its stream was found full, which was a moment ago.
    pub is_new: bool,
    /// It took something a moment ago.
    pub took_lately: bool,
    /// It has not been tried for a while.
    pub is_stale: bool,
}

impl Blocked {
    pub fn begin() -> Box<Self> {
        let now = Instant::now();
        Box::new(Self {
            credit: FIRST_CREDIT,
            settled: now,
            taken_at: now,
            tried_at: now,
            forgiven: Duration::ZERO,
            has_taken: false,
            has_ever_taken: false,
            idle: 0,
        })
    }

    /// It was tried, and took so many bytes.
    pub fn took(&mut self, bytes: usize) {
        let now = Instant::now();
        self.tried_at = now;
        if bytes > 0 {
            self.settle(now);
            self.taken_at = now;
            self.forgiven = Duration::ZERO;
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.credit = self.credit.saturating_add(bytes).min(MOST_CREDIT);
            self.has_taken = true;
            self.has_ever_taken = true;
        }
    }

    /// Counts so much less of the time since it took something, as far as [`MOST_FORGIVEN`] goes.
    pub fn forgive(&mut self, now: Instant, late: Duration) {
        let late = late.min(MOST_FORGIVEN - self.forgiven);
        self.forgiven += late;
        self.settled = (self.settled + late).min(now);
        self.taken_at = (self.taken_at + late).min(now);
    }

    /// Takes off the account what the time costs.
    fn settle(&mut self, now: Instant) {
        let time = now.saturating_duration_since(self.settled);
        let cost = time.as_micros() * u128::from(PACE) / 1_000_000;
        if cost > 0 {
            self.settled = now;
            self.credit = self.credit.saturating_sub(u32::try_from(cost).unwrap_or(u32::MAX));
        }
    }

    pub fn takes(&mut self, now: Instant) -> bool {
        self.settle(now);
        self.credit > 0
    }
}

impl Outbox {
    /// How far behind the client is. `None` where it is not. So long whoever asks was late: that time is not the client's.
    pub fn lag(&self, now: Instant, late: Duration) -> Option<Lag> {
        let inner = &mut *self.inner.lock();
        if !self.is_behind(inner) {
            return None;
        }
        let (takes, is_new, took_lately, is_stale) = match &mut inner.blocked {
            Some(blocked) => {
                blocked.forgive(now, late);
                let since = |time| now.saturating_duration_since(time);
                let lately = if blocked.has_ever_taken { LATELY } else { FIRST_LATELY };
                let took_lately = since(blocked.taken_at) < lately;
                (blocked.takes(now), !blocked.has_ever_taken, took_lately, since(blocked.tried_at) > STALE)
            }
            None => (true, false, true, false),
        };
        Some(Lag { quarters: inner.queue.bytes() / (self.limit / 4).max(1), takes, is_new, took_lately, is_stale })
    }

    /// Tries once more to write, where the socket took no more. A kernel says that a socket takes more only when a third of its
    /// buffer is free, which may be a minute's worth of a slow client.
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
        self.tell_room(inner, before);
        if let Some(blocked) = &mut inner.blocked {
            blocked.took(before - after);
        }
        // All is written, or has failed; or its owner may have rested because so much waited, with input to handle.
        let half = self.limit / 2;
        if written.is_ready() || (before > half && after <= half) {
            inner.wake_owner();
        }
    }

    /// Whether the stream takes no more at once.
    pub fn is_blocked(&self) -> bool {
        self.handed.load(Ordering::Relaxed) & BLOCKED != 0
    }

    /// A tick has passed in which the stream may have taken no more: tries to write once more. For how many ticks the client has
    /// taken nothing.
    pub fn tick(&self) -> u32 {
        self.nudge();
        let inner = &mut *self.inner.lock();
        let Some(blocked) = &mut inner.blocked else { return 0 };
        blocked.idle = if std::mem::take(&mut blocked.has_taken) { 0 } else { blocked.idle.saturating_add(1) };
        blocked.idle
    }

    /// Whether others than the connection's own task can write.
    pub fn is_direct(&self) -> bool {
        self.inner.lock().socket.is_some()
    }

    /// How many bytes the stream has taken.
    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Relaxed) >> 1
    }

    /// The stream has taken so many bytes. Under the lock, so that nothing is lost between the two.
    pub(super) fn hand(&self, bytes: usize) {
        self.handed.store(self.handed.load(Ordering::Relaxed).wrapping_add((bytes as u64) << 1), Ordering::Relaxed);
    }

    /// The stream was written to and took so many bytes; whether it takes no more.
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
