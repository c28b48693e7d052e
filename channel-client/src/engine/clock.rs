//! Times that somebody else has said.

use std::time::Duration;

use tokio::time::Instant;

/// As far away as a time that no clock can tell.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `now` and `time`, however long it is.
pub(crate) fn later(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}
