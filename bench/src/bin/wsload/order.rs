//! What a run counts: deliveries, how long they took, and whether each came once and in order.

use bench::report::Check;
use hdrhistogram::Histogram;

/// The longest latency that is told apart: 10 minutes, in nanoseconds.
const LONGEST: u64 = 600_000_000_000;

pub struct Log {
    pub units: u64,
    pub latency: Histogram<u64>,
    pub check: Check,
}

impl Log {
    pub fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order");
        Self { units: 0, latency, check: Check::default() }
    }

    /// Forgets the warm-up, but not what went wrong in it.
    pub fn restart(&mut self) {
        self.units = 0;
        self.latency.reset();
    }

    /// One more unit that took from then until now, in nanoseconds.
    pub fn count(&mut self, from: u64, now: u64) {
        self.units += 1;
        self.latency.saturating_record(now.saturating_sub(from).max(1));
    }

    pub fn see(&mut self, last: &mut u64, seq: u64) {
        if seq > *last {
            self.check.skipped += seq - *last - 1;
            *last = seq;
        } else {
            self.check.late += 1;
        }
    }
}
