//! The bytes of all histories of a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a room takes that is kept, with its log, and without messages.
pub(super) const ROOM_BYTES: usize = 1024;

/// The bytes that all logs of the process take, and may take.
pub(crate) struct HistoryBudget {
    bytes: AtomicUsize,
    most: AtomicUsize,
    logs: AtomicUsize,
}

impl HistoryBudget {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), most: AtomicUsize::new(most), logs: AtomicUsize::new(0) })
    }

    pub fn set_most(&self, bytes: usize) {
        self.most.store(bytes, Ordering::Relaxed);
    }

    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    pub fn is_over(&self) -> bool {
        self.bytes() > self.most()
    }

    /// Without those of the rooms.
    pub fn entry_bytes(&self) -> usize {
        self.bytes().saturating_sub(self.logs.load(Ordering::Relaxed) * ROOM_BYTES)
    }

    /// By an eighth, and by messages alone.
    pub fn is_far_over(&self) -> bool {
        self.entry_bytes() > self.most().saturating_add(self.most() / 8)
    }

    pub fn begin_log(&self) {
        self.take(ROOM_BYTES);
        self.logs.fetch_add(1, Ordering::Relaxed);
    }

    pub fn end_log(&self) {
        self.release(ROOM_BYTES);
        self.logs.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
