//! The count of deferred and batched answers that a connection still owes: its end waits for them, at most `shutdown_timeout`.

use std::sync::atomic::{AtomicU32, Ordering};

/// The highest bit is set once the connection's own task waits for the answers.
#[derive(Default)]
pub(crate) struct OwedCount(AtomicU32);

const AWAITED: u32 = 1 << 31;

impl OwedCount {
    /// If any is, the connection's task is to be woken when none is any more.
    pub fn is_any(&self) -> bool {
        self.0.fetch_or(AWAITED, Ordering::AcqRel) & !AWAITED > 0
    }

    pub fn owe(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// One is given, or never will be. Returns whether the connection's task is to be woken, because it waited for the last.
    pub fn settle(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == AWAITED | 1
    }
}
