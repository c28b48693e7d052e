//! How often something may happen: so often in a period, all at once or spread over it.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use crate::protocol::describe::parts::RateShape;

/// So many in a period of time. All of them may come at once; then one more whenever its share of the period has passed.
///
/// ```
/// use std::time::Duration;
/// use channel_runtime::{Config, Rate};
///
/// // Three tabs of one browser at once are no attack, a fourth connection within the second is too many.
/// let config = Config::default().connection_rate_per_ip(Rate::new(3, Duration::from_secs(1)));
/// ```
///
/// One that an operator writes is read, as attributes have it: `"100/s"`, `"30/min"`, `"1000/h"`.
///
/// ```
/// # use channel_runtime::{Config, InvalidRate, Rate};
/// # fn config(setting: &str) -> Result<Config, InvalidRate> {
/// let config = Config::default().message_rate(setting.parse::<Rate>()?);
/// # Ok(config)
/// # }
/// # assert!(config("100/s").is_ok() && config("100").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    period: Duration,
    burst: u32,
}

impl Rate {
    /// So many in this period, which is a day at the longest.
    ///
    /// # Panics
    /// Where the count is 0, or the period longer than a day: for a rate that stands in the program. Of what is not known before it
    /// runs one is made by [`try_new`](Self::try_new).
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        assert!(count > 0, "a rate lets at least one pass");
        assert!(is_a_day_at_most(period), "a rate's period is a day at the longest");
        Self { count, period, burst: count }
    }

    /// As [`new`](Self::new), for numbers that are an operator's.
    ///
    /// # Errors
    /// Where the count is 0, or the period longer than a day.
    pub const fn try_new(count: u32, period: Duration) -> Result<Self, InvalidRate> {
        match (count, is_a_day_at_most(period)) {
            (0, _) => Err(InvalidRate::LETS_NOTHING_PASS),
            (_, false) => Err(InvalidRate::IS_TOO_LONG),
            (_, true) => Ok(Self { count, period, burst: count }),
        }
    }

    /// With another number that may come at once, after a pause: more for those who say much now and then, fewer to have them
    /// spread. One comes at least: 0 is 1.
    #[must_use]
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst: if burst == 0 { 1 } else { burst }, ..self }
    }

    /// How many may come at once.
    pub(crate) const fn at_once(self) -> u32 {
        self.burst
    }

    /// How many may be refused, as many as could have passed in the period, and never so few that an impatient finger does it.
    const fn patience(self) -> Self {
        let burst = if self.count < LEAST_PATIENCE { LEAST_PATIENCE } else { self.count };
        Self { burst, ..self }
    }

    /// The time after which one more may pass.
    fn share(self) -> Duration {
        self.period / self.count
    }
}

const fn is_a_day_at_most(period: Duration) -> bool {
    period.as_secs() < 24 * 60 * 60 || period.as_secs() == 24 * 60 * 60 && period.subsec_nanos() == 0
}

/// `"100/s"`
impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (count, unit) = text.split_once('/').ok_or(InvalidRate::IS_NONE)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 60 * 60,
            _ => return Err(InvalidRate::IS_NONE),
        };
        Self::try_new(count.trim().parse().map_err(|_| InvalidRate::IS_NONE)?, Duration::from_secs(seconds))
    }
}

/// Numbers, or a text, that are no [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRate(&'static str);

impl InvalidRate {
    const IS_NONE: Self = Self("a rate is a number, a slash and `s`, `min` or `h`, such as `100/s`");
    const LETS_NOTHING_PASS: Self = Self("a rate lets at least one pass");
    const IS_TOO_LONG: Self = Self("a rate's period is a day at the longest");
}

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidRate {}

impl From<RateShape> for Rate {
    fn from(shape: RateShape) -> Self {
        Self::new(shape.count, Duration::from_secs(shape.seconds.into())).burst(shape.burst)
    }
}

/// So often anybody may be refused before that is taken for abuse.
const LEAST_PATIENCE: u32 = 10;

/// A bucket of as many tokens as a rate lets pass at once: it begins full, each event takes one, and they come back one by one,
/// each in its share of the period.
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
        match self.take_some(rate, 1, now) {
            (bucket, 1) => Ok(bucket),
            _ => Err(self.wait(rate, now)),
        }
    }

    /// The bucket with so many tokens less, or as many as there are; and how many those were.
    pub fn take_some(self, rate: Rate, wanted: u32, now: Instant) -> (Self, u32) {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        let share = rate.share();
        let left = (share * rate.burst).saturating_sub(full_at - now);
        // A share of less than a nanosecond is no limit.
        let taken =
            left.as_nanos().checked_div(share.as_nanos()).map_or(wanted, |left| u128::min(left, wanted.into()) as u32);
        (Self { full_at: Some(full_at + share * taken) }, taken)
    }

    /// How long it takes until there is a token.
    pub fn wait(self, rate: Rate, now: Instant) -> Duration {
        let until_full = self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now));
        (until_full + rate.share()).saturating_sub(rate.share() * rate.burst)
    }

    pub fn is_full(self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }
}

/// A rate that somebody is held to: what has passed, and what was refused.
#[derive(Clone, Copy, Default)]
pub(crate) struct Meter {
    passed: Bucket,
    refused: Bucket,
}

/// What became of what was held against a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metered {
    pub passed: u32,
    pub refused: u32,
    /// When the next one may pass.
    pub wait: Duration,
    /// Whoever goes on like that is sent away: refused as often as it may pass.
    pub is_abuse: bool,
}

impl Metered {
    /// With what became of those that passed at another rate.
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
    /// Lets as many of these pass as the rate allows.
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

    /// How many would pass now.
    pub fn left(&self, rate: Rate, now: Instant) -> u32 {
        self.passed.take_some(rate, u32::MAX, now).1
    }

    /// Whether it is as if nothing had ever been counted.
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
        // Twice the rate is borne for ever, half of it refused.
        for tenth in 1..100 {
            let metered = patient.count(rate, 4, begun + Duration::from_millis(100) * tenth);
            assert_eq!((metered.passed, metered.refused, metered.is_abuse), (2, 2, false), "{tenth}");
        }
        // A finger that slips on a button of once a minute is none.
        let (seldom, mut finger) = (Rate::new(1, Duration::from_secs(60)), Meter::default());
        assert_eq!((finger.count(seldom, 11, begun).is_abuse, finger.count(seldom, 1, begun).is_abuse), (false, true));
    }

    #[test]
    fn a_rate_is_read_as_attributes_have_it() {
        let of = |count, seconds| Ok(Rate::new(count, Duration::from_secs(seconds)));
        for (text, rate) in [("100/s", of(100, 1)), (" 30 / min ", of(30, 60)), ("1/h", of(1, 3600))] {
            assert_eq!(text.parse(), rate, "{text}");
        }
        for text in ["", "/", "5", "5/d", "-1/s", "1.5/s", "5/S", "99999999999/s"] {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate::IS_NONE), "{text}");
        }
        assert_eq!("0/s".parse::<Rate>(), Err(InvalidRate::LETS_NOTHING_PASS));
    }

    #[test]
    fn a_rate_beyond_the_clock_is_no_limit() {
        let rate = Rate::new(u32::MAX, Duration::from_secs(1));
        assert_eq!(Meter::default().count(rate, u32::MAX, Instant::now()).refused, 0);
    }

    proptest! {
        /// Nothing that an operator may write, or set, panics; then or later.
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
                // Whatever is left, nothing panics on the way to it.
                let _ = meter.left(rate, now);
            }
        }

        /// The well-known limiter is the judge, of whatever comes whenever.
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
                // In hundredths of a share, mostly less than one.
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
