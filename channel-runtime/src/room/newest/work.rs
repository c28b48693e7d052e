//! What is done in one hold of the members' lock: it is let go after so much that no hold takes a millisecond.

#[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
mod tests;

/// Members that are told.
const MOST_MEMBERS: usize = 32;

/// Values that are looked at for single members: some ten microseconds' worth.
const MOST_VALUES: usize = 2048;

/// Bytes that are copied: less than 100 microseconds' worth.
const MOST_BYTES: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub members: usize,
    pub values: usize,
    pub bytes: usize,
}

impl Work {
    /// Whether the lock is to be let go.
    pub fn is_enough(self) -> bool {
        self.members >= MOST_MEMBERS || self.values >= MOST_VALUES || self.bytes >= MOST_BYTES
    }
}
