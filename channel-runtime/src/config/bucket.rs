//! The token bucket that a [`Rate`] is enforced with, and the meter that counts what passed and what was refused.
//!
//! Unlike a limiter of the crate `governor`, against which the tests compare it, a bucket has 16 bytes, and is given the time.

use std::time::{Duration, Instant};

use crate::config::rate::Rate;

#[derive(Clone, Copy, Default)]
pub(crate) struct Bucket {
    /// `None` if no token was ever taken.
    full_at: Option<Instant>,
}

impl Bucket {
    /// # Errors
    /// The time until there is a token, if there is none now.
    pub fn take(self, rate: Rate, now: Instant) -> Result<Self, Duration> {
        match self.take_some(rate, 1, now) {
            (bucket, 1) => Ok(bucket),
            _ => Err(self.wait(rate, now)),
        }
    }

    /// Takes up to `wanted` tokens. Returns the bucket without them, and how many were taken.
    pub fn take_some(self, rate: Rate, wanted: u32, now: Instant) -> (Self, u32) {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        let share = rate.share();
        let left = (share * rate.at_once()).saturating_sub(full_at - now);
        // A share below one nanosecond is no limit.
        let taken =
            left.as_nanos().checked_div(share.as_nanos()).map_or(wanted, |left| u128::min(left, wanted.into()) as u32);
        (Self { full_at: Some(full_at + share * taken) }, taken)
    }

    pub fn wait(self, rate: Rate, now: Instant) -> Duration {
        let until_full = self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now));
        (until_full + rate.share()).saturating_sub(rate.share() * rate.at_once())
    }

    pub fn is_full(self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Meter {
    passed: Bucket,
    refused: Bucket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metered {
    pub passed: u32,
    pub refused: u32,
    pub wait: Duration,
    /// Whether the client was refused as often as it may pass; it is then disconnected.
    pub is_abuse: bool,
}

impl Metered {
    /// Combines this with the result of a second rate, against which the events that passed here were counted.
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: other.passed,
            refused: self.refused + other.refused,
            wait: self.wait.max(other.wait),
            is_abuse: self.is_abuse || other.is_abuse,
        }
    }
}

impl Meter {
    pub fn count(&mut self, rate: Rate, events: u32, now: Instant) -> Metered {
        let (bucket, passed) = self.passed.take_some(rate, events, now);
        self.passed = bucket;
        let refused = events - passed;
        if refused == 0 {
            return Metered { passed, refused, wait: Duration::ZERO, is_abuse: false };
        }
        let (bucket, borne) = self.refused.take_some(rate.patience(), refused, now);
        self.refused = bucket;
        Metered { passed, refused, wait: self.passed.wait(rate, now), is_abuse: borne < refused }
    }

    pub fn left(&self, rate: Rate, now: Instant) -> u32 {
        self.passed.take_some(rate, u32::MAX, now).1
    }

    pub fn is_fresh(&self, now: Instant) -> bool {
        self.passed.is_full(now) && self.refused.is_full(now)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::{Clock, FakeRelativeClock};
    use governor::{Quota, RateLimiter};
    use proptest::prelude::*;

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

    #[test]
    fn a_burst_is_what_passes_at_once_and_the_rate_what_follows() {
        let rate = Rate::new(5, Duration::from_secs(1)).burst(10);
        let begun = Instant::now();
        let mut meter = Meter::default();
        assert_eq!((meter.count(rate, 12, begun).passed, meter.left(rate, begun)), (10, 0));
        let share = Duration::from_millis(200);
        assert_eq!(meter.count(rate, 1, begun).wait, share);
        assert_eq!(meter.count(rate, 4, begun + share * 3).passed, 3);
        let smooth = Rate::new(5, Duration::from_secs(1)).burst(1);
        assert_eq!(Meter::default().count(smooth, 5, begun).passed, 1);
    }

    #[test]
    fn whoever_is_refused_as_often_as_it_may_pass_is_an_abuser_unless_it_takes_its_time() {
        let rate = Rate::new(20, Duration::from_secs(1));
        let begun = Instant::now();
        let mut meter = Meter::default();
        assert_eq!(meter.count(rate, 20, begun).refused, 0);
        assert!(!meter.count(rate, 20, begun).is_abuse);
        let mut patient = meter;
        assert!(meter.count(rate, 1, begun).is_abuse);
        for tenth in 1..100 {
            let metered = patient.count(rate, 4, begun + Duration::from_millis(100) * tenth);
            assert_eq!((metered.passed, metered.refused, metered.is_abuse), (2, 2, false), "{tenth}");
        }
        let (seldom, mut finger) = (Rate::new(1, Duration::from_secs(60)), Meter::default());
        assert_eq!((finger.count(seldom, 11, begun).is_abuse, finger.count(seldom, 1, begun).is_abuse), (false, true));
    }

    #[test]
    fn a_rate_beyond_the_clock_is_no_limit() {
        let rate = Rate::new(u32::MAX, Duration::from_secs(1));
        assert_eq!(Meter::default().count(rate, u32::MAX, Instant::now()).refused, 0);
    }

    proptest! {
        #[test]
        fn whatever_numbers_make_a_rate_it_can_be_held_to(
            count in prop_oneof![0..3u32, any::<u32>()],
            seconds in prop_oneof![0..90_000u64, any::<u64>()],
            nanos in 0..1_000_000_000u32,
            burst in prop_oneof![0..3u32, any::<u32>()],
            events in prop_oneof![0..3u32, any::<u32>()],
            text in "\\PC{0,12}",
        ) {
            let _: Result<Rate, _> = text.parse();
            let period = Duration::new(seconds, nanos);
            let is_rate = count > 0 && period <= Duration::from_secs(24 * 60 * 60);
            let rate = Rate::try_new(count, period);
            prop_assert_eq!(rate.is_ok(), is_rate);
            if let Ok(rate) = rate {
                let (rate, now, mut meter) = (rate.burst(burst), Instant::now(), Meter::default());
                let metered = meter.count(rate, events, now);
                prop_assert_eq!(metered.passed + metered.refused, events);
                meter.count(rate, u32::MAX, now);
                let _ = meter.left(rate, now);
            }
        }

        #[test]
        fn the_bucket_decides_as_governor_does(
            count in 1..1000u32,
            seconds in 1..100u64,
            burst in 1..50u32,
            pauses in prop::collection::vec(0..2000u64, 1..200),
        ) {
            let rate = Rate::new(count, Duration::from_secs(seconds)).burst(burst);
            let clock = FakeRelativeClock::default();
            let quota = Quota::with_period(rate.share()).unwrap().allow_burst(NonZeroU32::new(burst).unwrap());
            let judge = RateLimiter::direct_with_clock(quota, clock.clone());
            let (mut now, mut bucket) = (Instant::now(), Bucket::default());
            for pause in pauses {
                let pause = rate.share() * u32::try_from(pause * pause / 10_000).unwrap() / 100;
                clock.advance(pause);
                now += pause;
                let judged = judge.check().map_err(|not_until| not_until.wait_time_from(clock.now()));
                match bucket.take(rate, now) {
                    Ok(taken) => {
                        bucket = taken;
                        prop_assert_eq!(judged, Ok(()));
                    }
                    Err(wait) => prop_assert_eq!(judged, Err(wait)),
                }
            }
        }
    }
}
