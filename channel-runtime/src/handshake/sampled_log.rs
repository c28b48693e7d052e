//! What would fill the log if each of it were written down: counted, and told once in a while.

use std::time::Duration;

use tokio::time::Instant;

/// How often it is told at the most.
const PERIOD: Duration = Duration::from_secs(10);

/// Something that happens as often as others like.
#[derive(Default)]
pub(crate) struct Seldom {
    untold: u64,
    told: Option<Instant>,
}

impl Seldom {
    /// It has happened once more. How often since it was told, where it is time to tell.
    pub fn count(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.told.is_some_and(|told| now < told + PERIOD) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_then_a_sum_each_period() {
        let (mut seldom, now) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.count(now), Some(1));
        assert_eq!(seldom.count(now), None);
        assert_eq!(seldom.count(now + PERIOD / 2), None);
        assert_eq!(seldom.count(now + PERIOD), Some(3));
        assert_eq!(seldom.count(now + PERIOD), None);
    }
}
