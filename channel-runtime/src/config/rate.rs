//! A rate limit: a count of events in a period, and how many of them may happen at once.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::protocol::describe::parts::RateShape;

/// A client may be refused this often in a period before that counts as abuse, however small its rate is.
const LEAST_PATIENCE: u32 = 10;

/// A number of events in a period of time. All of them may happen at once; then one more may happen each time its share of the
/// period has passed.
///
/// ```
/// use std::time::Duration;
/// use channel_runtime::{Config, Rate};
///
/// // Three tabs of one browser at once are no attack, a fourth connection within the second is too many.
/// let config = Config::default().connection_rate_per_ip(Rate::new(3, Duration::from_secs(1)));
/// ```
///
/// A setting of an operator is parsed in the notation of the attributes: `"100/s"`, `"30/min"`, `"1000/h"`.
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
    /// This count in this period, which is a day at most.
    ///
    /// # Panics
    /// If the count is 0, or the period is longer than a day. Use [`try_new`](Self::try_new) for values known only at run time.
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        assert!(count > 0, "a rate lets at least one pass");
        assert!(is_a_day_at_most(period), "a rate's period is a day at the longest");
        Self { count, period, burst: count }
    }

    /// Like [`new`](Self::new), for numbers that an operator sets.
    ///
    /// # Errors
    /// If the count is 0, or the period is longer than a day.
    pub const fn try_new(count: u32, period: Duration) -> Result<Self, InvalidRate> {
        match (count, is_a_day_at_most(period)) {
            (0, _) => Err(InvalidRate::LETS_NOTHING_PASS),
            (_, false) => Err(InvalidRate::IS_TOO_LONG),
            (_, true) => Ok(Self { count, period, burst: count }),
        }
    }

    /// Sets how many events may happen at once after a pause: more for clients that send much now and then, fewer to spread the
    /// events evenly. At least one may happen: 0 counts as 1.
    #[must_use]
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst: if burst == 0 { 1 } else { burst }, ..self }
    }

    pub(crate) const fn at_once(self) -> u32 {
        self.burst
    }

    pub(super) const fn patience(self) -> Self {
        let burst = if self.count < LEAST_PATIENCE { LEAST_PATIENCE } else { self.count };
        Self { burst, ..self }
    }

    pub(super) fn share(self) -> Duration {
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

/// The error for numbers or a text that make no [`Rate`].
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
