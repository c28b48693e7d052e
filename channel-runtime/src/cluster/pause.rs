//! How long a node waits before it connects to the bus again.

use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longer each time, up to a bound, and another for each node, so that a bus that is back is not asked by all at once.
pub(super) fn pause(tries: u32, random: u64) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + 0.5 * (random as f64 / u64::MAX as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_bound_and_is_another_for_each() {
        for (tries, longest) in [(0, 50), (1, 100), (5, 1600), (6, 2000), (u32::MAX, 2000)] {
            let longest = Duration::from_millis(longest);
            assert_eq!(pause(tries, 0), longest / 2);
            assert!(pause(tries, u64::MAX) <= longest && pause(tries, u64::MAX / 2) > longest / 2);
        }
    }
}
