//! A rate limit for log lines: events are counted, and logged once per period with their count.

use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(crate) struct SampledLog {
    unlogged: u64,
    logged_at: Option<Instant>,
}

impl SampledLog {
    /// Counts the event. Returns how often it happened since the last line, if a line is due; else `None`.
    pub fn count(&mut self, now: Instant) -> Option<u64> {
        self.unlogged += 1;
        if self.logged_at.is_some_and(|logged_at| now < logged_at + PERIOD) {
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_and_then_a_sum_each_period() {
        let (mut log, now) = (SampledLog::default(), Instant::now());
        assert_eq!(log.count(now), Some(1));
        assert_eq!(log.count(now), None);
        assert_eq!(log.count(now + PERIOD / 2), None);
        assert_eq!(log.count(now + PERIOD), Some(3));
        assert_eq!(log.count(now + PERIOD), None);
    }
}
