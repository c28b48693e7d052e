//! What is to be asked of the other nodes about newest values, and what they are to ask.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long after a room was opened it is asked for once more.
const ONCE_MORE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Asks {
    /// Something may have been missed.
    pub again: Notify,
    opened: Mutex<VecDeque<(Instant, usize, Arc<str>)>>,
    /// Values that the bus did not take, and questions that are not answered. The others hear the number with each hello, and ask.
    refused: AtomicU64,
}

impl Asks {
    pub fn ask_again(&self) {
        self.again.notify_one();
    }

    /// The other nodes do not have something that this one has.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub fn room_opened(&self, channel: usize, name: &Arc<str>) {
        self.opened.lock().push_back((Instant::now(), channel, Arc::clone(name)));
    }

    /// The rooms that are to be asked for once more.
    pub fn take_due(&self, now: Instant) -> Vec<(usize, Arc<str>)> {
        let mut opened = self.opened.lock();
        let due = opened.partition_point(|(at, ..)| now.duration_since(*at) >= ONCE_MORE);
        opened.drain(..due).map(|(_, channel, name)| (channel, name)).collect()
    }

    /// When it is back, all are asked for.
    pub fn bus_went_away(&self) {
        *self.opened.lock() = VecDeque::new();
    }
}
