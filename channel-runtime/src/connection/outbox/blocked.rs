//! A client whose stream takes no more at once: whether it takes what waits for it, and how fast.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::unread::PACE;

/// The most credit of a client: one that took more than the [`PACE`] is waited for longer, by two seconds at the most.
const MOST_CREDIT: u32 = 2 * PACE;

/// The credit of a client whose stream has just been found full: it is waited for 1.2 seconds before it has taken anything.
const FIRST_CREDIT: u32 = PACE / 5 * 6;

/// What counts as lately: a segment that is lost on a network costs 200 ms, and 400 more if it is lost again.
const LATELY: Duration = Duration::from_millis(600);

const FIRST_LATELY: Duration = Duration::from_millis(250);

/// What was found so long ago may have changed: an overloaded server checks late, and its clients have read meanwhile.
const STALE: Duration = Duration::from_millis(100);

/// The most time not counted because the server was late: even an overloaded one does not wait longer for stalled clients.
const MOST_FORGIVEN: Duration = Duration::from_secs(1);

/// What is known of such a client. A byte that it takes adds one to its credit, and a second takes off [`PACE`].
pub(super) struct Blocked {
    credit: u32,
    settled: Instant,
    taken_at: Instant,
    tried_at: Instant,
    forgiven: Duration,
    /// Since the last tick.
    has_taken: bool,
    has_ever_taken: bool,
    /// In ticks.
    idle: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lag {
    /// How many whole quarters of what may wait do.
    pub quarters: usize,
    /// It takes what it is sent, at the [`PACE`] or faster.
    pub takes: bool,
    /// It is not known to, because it has not taken anything since its stream was found full.
    pub is_new: bool,
    pub took_lately: bool,
    /// It has not been written to for a while.
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

    pub fn forgive(&mut self, now: Instant, late: Duration) {
        let late = late.min(MOST_FORGIVEN - self.forgiven);
        self.forgiven += late;
        self.settled = (self.settled + late).min(now);
        self.taken_at = (self.taken_at + late).min(now);
    }

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

    pub fn lag(&mut self, now: Instant, late: Duration, quarters: usize) -> Lag {
        self.forgive(now, late);
        let since = |time| now.saturating_duration_since(time);
        let lately = if self.has_ever_taken { LATELY } else { FIRST_LATELY };
        let (took_lately, is_stale) = (since(self.taken_at) < lately, since(self.tried_at) > STALE);
        Lag { quarters, takes: self.takes(now), is_new: !self.has_ever_taken, took_lately, is_stale }
    }

    pub fn tick(&mut self) -> u32 {
        self.idle = if std::mem::take(&mut self.has_taken) { 0 } else { self.idle.saturating_add(1) };
        self.idle
    }
}

impl Lag {
    pub fn of_open_stream(quarters: usize) -> Self {
        Self { quarters, takes: true, is_new: false, took_lately: true, is_stale: false }
    }
}
