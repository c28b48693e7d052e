//! The clock of newest values: each stamp is greater than all that this node has given or seen, so that a node whose clock is ahead
//! mutes nobody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::room::newest::{Stamp, micros_now};

/// Microseconds, so that no node sends more than one value in each, and runs ahead of its clock.
pub(crate) type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

/// A record has 56 bits for it. No other node's counts that says as much, so it is never reached.
pub(super) const MOST_MICROS: u64 = (1 << 56) - 1;

/// Another node that is so much ahead has a clock that is wrong.
const FAR: u64 = 3600 * 1_000_000;

/// What is more ahead is foreign. This goes on with the clock: so what follows a stamp that just counted soon counts as well.
const MOST_AHEAD: u64 = 24 * FAR;

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

    /// Another node has given this one, or has seen it. Returns whether it counts: not if it is more than a day ahead of the clock here.
    #[must_use]
    pub fn see(&self, micros: u64) -> bool {
        let counts = micros <= (self.now)().saturating_add(MOST_AHEAD);
        if counts {
            self.latest.fetch_max(micros, Ordering::Relaxed);
        }
        counts
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
    Box::new(micros_now)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn stamps_rise_whatever_the_clocks() {
        let stamps = Stamps::new(7, Box::new(|| 1000));
        assert_eq!(stamps.latest(), 0);
        assert_eq!([stamps.next(), stamps.next()].map(|stamp| stamp.micros), [1000, 1001]);
        assert!(stamps.see(2_000_000) && stamps.see(5));
        assert_eq!(stamps.next(), Stamp { micros: 2_000_001, node: 7 });
    }

    #[test]
    fn what_follows_the_greatest_that_counts_counts_for_another_node_a_moment_later() {
        let now = Arc::new(AtomicU64::new(1_000_000));
        let [ann, bob] = [1, 2].map(|node| {
            let now = Arc::clone(&now);
            Stamps::new(node, Box::new(move || now.load(Ordering::Relaxed)))
        });
        for most in [u64::MAX, Stamp::MOST_MICROS, 1_000_001 + MOST_AHEAD] {
            assert!(!ann.see(most));
        }
        assert_eq!(ann.next().micros, 1_000_000, "these count for nobody");
        assert!(ann.see(1_000_000 + MOST_AHEAD));
        let next = ann.next().micros;
        assert!(!bob.see(next));
        now.fetch_add(1, Ordering::Relaxed);
        assert!(bob.see(next) && bob.next().micros == next + 1);
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
