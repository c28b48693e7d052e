//! Instants a configured time ahead, for every possible `Duration`.

use std::time::Duration;

use tokio::time::Instant;

const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

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
