//! An estimate of how many bytes a client has not read yet, and how long it may take to read them.
//!
//! Nothing reports what the kernel still holds: bytes are added when handed over, and taken off at the slowest line's [`PACE`].

use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second. A client that takes so many is waited for.
pub(crate) const PACE: u32 = 16 * 1024;

pub(crate) fn time_for(bytes: u64) -> Duration {
    Duration::from_nanos(bytes.saturating_mul(1_000_000_000 / u64::from(PACE)))
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unread {
    bytes: u64,
    /// Up to when bytes have been taken off. `None` if none were added yet.
    settled: Option<Instant>,
}

impl Unread {
    /// There are never more than `most`.
    pub fn add(&mut self, bytes: usize, most: u64, now: Instant) {
        let left = self.at(now);
        self.bytes = left.saturating_add(bytes as u64).min(most);
        self.settled = Some(now);
    }

    pub fn at(&self, now: Instant) -> u64 {
        let since = self.settled.map_or(Duration::ZERO, |settled| now.saturating_duration_since(settled));
        let read = since.as_millis().saturating_mul(PACE.into()) / 1000;
        self.bytes.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_takes_off_the_pace_and_the_bound_is_kept() {
        let begun = Instant::now();
        let mut unread = Unread::default();
        assert_eq!(unread.at(begun + Duration::from_secs(9)), 0);
        unread.add(100 * 1024, 64 * 1024, begun);
        assert_eq!(unread.at(begun), 64 * 1024);
        assert_eq!(unread.at(begun + Duration::from_secs(1)), 48 * 1024);
        unread.add(16 * 1024, 64 * 1024, begun + Duration::from_secs(2));
        assert_eq!(unread.at(begun + Duration::from_secs(2)), 48 * 1024);
        assert_eq!(unread.at(begun + Duration::from_secs(5)), 0);
        assert_eq!(unread.at(begun + Duration::from_secs(5_000_000_000)), 0);
    }

    #[test]
    fn what_takes_a_second_is_the_pace() {
        assert_eq!(time_for(512 * 1024).as_secs_f64().round(), 32.0);
        assert!(time_for(u64::MAX) > Duration::from_secs(1_000_000_000));
    }
}
