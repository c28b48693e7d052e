//! The bounds of a room's history, as `history(..)` of a channel sets them.

use std::time::Duration;

/// How much of what was sent to a room is kept for clients that come back. At each bound the oldest messages are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The most messages: 1 or more.
    pub size: usize,
    /// The most bytes of them on the wire, uncompressed: 1 or more.
    pub bytes: usize,
    /// How long a message is kept: up to a day.
    pub age: Duration,
    /// How many of the newest are sent to a client that comes fresh: up to `size`.
    pub recent: usize,
}

impl History {
    /// With an age in milliseconds.
    pub const fn new(size: usize, bytes: usize, age_ms: u64, recent: usize) -> Self {
        Self { size, bytes, age: Duration::from_millis(age_ms), recent }
    }
}
