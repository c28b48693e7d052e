//! Moments that lie a configured time ahead, which may be as long as a `Duration` can be.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any server runs: thirty years, to which every clock goes.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The moment so long after another; where no clock goes so far, one that does not come.
pub(crate) fn after(from: Instant, time: Duration) -> Instant {
    from + time.min(FOR_EVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_too_long() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(3)), now + Duration::from_secs(3));
        assert!(after(now, Duration::MAX) > now + Duration::from_secs(1_000_000));
    }
}
