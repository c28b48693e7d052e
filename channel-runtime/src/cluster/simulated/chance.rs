//! Random numbers from a seed: the same seed, the same numbers, on every machine.

use std::ops::RangeInclusive;
use std::time::Duration;

/// SplitMix64.
pub(super) struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to this, and less. 0 for 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        (self.number() % end.max(1)) as usize
    }

    /// Never, for 0.
    pub fn one_in(&mut self, times: u32) -> bool {
        times > 0 && self.number().is_multiple_of(u64::from(times))
    }

    pub fn between(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let span = range.end().saturating_sub(*range.start());
        if span.is_zero() {
            return *range.start();
        }
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        *range.start() + Duration::from_nanos(self.number() % nanos)
    }
}
