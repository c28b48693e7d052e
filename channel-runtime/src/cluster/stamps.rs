//! The clock of newest values: each stamp is greater than all that this node has given or seen, so that a node whose clock is ahead
//! mutes nobody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::room::newest::Stamp;

/// Microseconds, so that no node sends more than one value in each, and runs ahead of its clock.
pub(crate) type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

/// A record has 56 bits for it. No other node says as much, so it is never reached.
pub(super) const MOST_MICROS: u64 = (1 << 56) - 1;

/// Another node that is so much ahead has a clock that is wrong.
const FAR: u64 = 3600 * 1_000_000;

pub(super) struct Stamps {
    node: u64,
    now: Clock,
    latest: AtomicU64,
    has_warned: AtomicBool,
}

impl Stamps {
    pub fn new(node: u64, now: Clock) -> Self {
        Self { node, now, latest: AtomicU64::new(0), has_warned: AtomicBool::new(false) }
    }

    pub fn node(&self) -> u64 {
        self.node
    }

    pub fn next(&self) -> Stamp {
        let now = (self.now)();
        let next = |latest: u64| now.max(latest + 1).min(MOST_MICROS);
        let before = self.latest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |latest| Some(next(latest)));
        Stamp { micros: next(before.unwrap_or_else(|before| before)), node: self.node }
    }

    /// Another node has given this one, or has seen it.
    pub fn see(&self, micros: u64) {
        self.latest.fetch_max(micros.min(Stamp::MOST_MICROS), Ordering::Relaxed);
    }

    /// Whether it is an hour ahead of the clock here, the first time that one is.
    pub fn is_first_far_ahead(&self, micros: u64) -> bool {
        micros > (self.now)().saturating_add(FAR) && !self.has_warned.swap(true, Ordering::Relaxed)
    }

    /// The greatest that was given or seen. 0 if there was none.
    pub fn latest(&self) -> u64 {
        self.latest.load(Ordering::Relaxed)
    }
}

pub(super) fn system_clock() -> Clock {
    let micros = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    Box::new(move || u64::try_from(micros()).unwrap_or(MOST_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_whatever_the_clocks() {
        let stamps = Stamps::new(7, Box::new(|| 1000));
        assert_eq!(stamps.latest(), 0);
        assert_eq!([stamps.next(), stamps.next()].map(|stamp| stamp.micros), [1000, 1001]);
        stamps.see(2_000_000);
        stamps.see(5);
        assert_eq!(stamps.next(), Stamp { micros: 2_000_001, node: 7 });
        stamps.see(u64::MAX);
        let next = [stamps.next(), stamps.next()];
        assert!(next[1].replaces(next[0]) && next[1].micros < MOST_MICROS, "it goes on, and fits into a record");
    }

    #[test]
    fn one_that_is_far_ahead_is_told_of_once() {
        let stamps = Stamps::new(7, Box::new(|| 1000));
        assert!(!stamps.is_first_far_ahead(1000 + FAR));
        assert!(stamps.is_first_far_ahead(1001 + FAR) && !stamps.is_first_far_ahead(1001 + FAR));
    }

    #[test]
    fn the_clock_of_the_system_is_in_microseconds() {
        let stamps = Stamps::new(7, system_clock());
        // From 2020 to 2200.
        assert!((1_577_000_000_000_000..7_258_000_000_000_000).contains(&stamps.next().micros));
    }
}
