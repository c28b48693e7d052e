//! How long a client waits before it connects again.

use std::time::Duration;

/// The wait before the try after `attempt` others is spread over at least this.
const BASE: Duration = Duration::from_secs(1);

/// The same if the server, and not the network, is why the connection ended.
const SLOW: Duration = Duration::from_secs(5);

/// The spread grows up to this.
const CAP: Duration = Duration::from_secs(20);

const FACTOR: f64 = 1.7;

/// `random` is from 0 up to 1. `after` and `window` are what the server has asked for, and zero if it has not.
pub(crate) fn wait(attempt: u32, is_slow: bool, random: f64, after: Duration, window: Duration) -> Duration {
    let base = if is_slow { SLOW } else { BASE };
    let grown = base.as_secs_f64() * FACTOR.powi(attempt.min(64) as i32);
    let spread = Duration::from_secs_f64(grown.min(CAP.as_secs_f64())).max(window);
    after.saturating_add(spread.mul_f64(random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_grows_to_its_cap_and_no_wait_is_shorter_than_what_the_server_asked_for() {
        let seconds = |seconds: u64| Duration::from_secs(seconds);
        let none = Duration::ZERO;
        assert_eq!(wait(0, false, 1.0, none, none), seconds(1));
        assert_eq!(wait(1, false, 1.0, none, none), Duration::from_millis(1700));
        assert_eq!([wait(7, false, 1.0, none, none), wait(u32::MAX, true, 1.0, none, none)], [seconds(20); 2]);
        assert_eq!(wait(0, true, 0.5, seconds(3), none), Duration::from_millis(5500));
        assert_eq!(wait(0, false, 0.5, none, seconds(30)), seconds(15));
        assert_eq!(wait(9, true, 0.0, none, seconds(30)), none);
    }
}
