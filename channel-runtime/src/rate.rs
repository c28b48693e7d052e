//! How often something may happen: so often in a period, all at once or spread over it.

use std::time::Duration;

use tokio::time::Instant;

/// So many in a period of time. All of them may come at once; then one more whenever its share of the period has passed.
///
/// ```
/// use std::time::Duration;
/// use channel_runtime::{Config, Rate};
///
/// // Three tabs of one browser at once are no attack, a fourth connection within the second is too many.
/// let config = Config::default().connection_rate_per_ip(Rate::new(3, Duration::from_secs(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    period: Duration,
}

impl Rate {
    /// So many in this period, which is a day at the longest.
    ///
    /// # Panics
    /// Where the count is 0, or the period longer than a day.
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        assert!(count > 0, "a rate lets at least one pass");
        assert!(period.as_secs() <= 24 * 60 * 60, "a rate's period is a day at the longest");
        Self { count, period }
    }
}

/// A bucket of as many tokens as a rate has: it begins full, each event takes one, and in the rate's period an empty one fills.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bucket {
    /// When it is full again; it is full where this has passed.
    full_at: Option<Instant>,
}

impl Bucket {
    /// The bucket with one token less.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub fn take(self, rate: Rate, now: Instant) -> Result<Self, Duration> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + rate.period / rate.count;
        match (full_at - now).checked_sub(rate.period) {
            None | Some(Duration::ZERO) => Ok(Self { full_at: Some(full_at) }),
            Some(wait) => Err(wait),
        }
    }

    pub fn is_full(self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(4, Duration::from_secs(2));

    #[test]
    fn a_full_bucket_gives_all_it_has_at_once_and_then_one_a_share_of_the_period() {
        let begun = Instant::now();
        let mut bucket = Bucket::default();
        for _ in 0..4 {
            bucket = bucket.take(RATE, begun).ok().unwrap();
        }
        assert_eq!(bucket.take(RATE, begun).err(), Some(Duration::from_millis(500)));
        assert_eq!(bucket.take(RATE, begun + Duration::from_millis(499)).err(), Some(Duration::from_millis(1)));
        let later = begun + Duration::from_millis(500);
        bucket = bucket.take(RATE, later).ok().unwrap();
        assert_eq!(bucket.take(RATE, later).err(), Some(Duration::from_millis(500)));
    }

    #[test]
    fn an_idle_bucket_fills_and_holds_no_more_than_its_rate() {
        let begun = Instant::now();
        let bucket = Bucket::default().take(RATE, begun).ok().unwrap();
        assert!(!bucket.is_full(begun));
        let much_later = begun + Duration::from_secs(3600);
        assert!(bucket.is_full(much_later));
        let mut bucket = bucket;
        for _ in 0..4 {
            bucket = bucket.take(RATE, much_later).ok().unwrap();
        }
        assert!(bucket.take(RATE, much_later).is_err());
    }
}
