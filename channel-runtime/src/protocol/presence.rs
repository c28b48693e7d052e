//! The bounds of a room's presence, as `presence(..)` of a channel sets them.

use std::time::Duration;

/// How it is told who is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceBounds {
    /// How long a user whose connection was lost is still present: more than zero, up to a day.
    pub grace: Duration,
    /// The least time between two frames that tell what has changed: more than zero, up to a day.
    pub every: Duration,
    /// With more connections than this their number alone is told.
    pub diffs_up_to: usize,
}

impl PresenceBounds {
    /// With times in milliseconds.
    pub const fn new(grace_ms: u64, every_ms: u64, diffs_up_to: usize) -> Self {
        Self { grace: Duration::from_millis(grace_ms), every: Duration::from_millis(every_ms), diffs_up_to }
    }
}
