//! What is to be asked of the other nodes about newest values, and what they are to ask.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::node_id::NodeId;

/// After a pass the next one begins so much later at least; while they go on, twice as long each time, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// After so long without a pass the next one follows soon again.
const QUIET: Duration = Duration::from_secs(30);

/// How long after a room was opened it is asked for once more.
const ONCE_MORE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Asks {
    /// Something may have been missed.
    pub again: Notify,
    missed: Mutex<Missed>,
    pub pauses: Mutex<Pauses>,
    opened: Mutex<VecDeque<(Instant, usize, Arc<str>)>>,
    /// Values that the bus did not take, what was missed of others, and questions for more rooms than are owed at a time. The others
    /// hear the number with each hello, and ask.
    refused: AtomicU64,
}

/// By whom something was said that may have been missed.
#[derive(Default)]
pub(super) struct Missed {
    pub by_any: bool,
    pub by: BTreeSet<NodeId>,
}

/// When all rooms may be asked for again.
#[derive(Default)]
pub(super) struct Pauses {
    pause: Duration,
    ended: Option<Instant>,
}

impl Asks {
    pub fn ask_again(&self) {
        self.missed.lock().by_any = true;
        self.again.notify_one();
    }

    /// This node alone may know more.
    pub fn ask_of(&self, node: NodeId) {
        self.missed.lock().by.insert(node);
        self.again.notify_one();
    }

    pub fn take_missed(&self) -> Missed {
        mem::take(&mut self.missed.lock())
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

    /// When it is back, all are asked for, of all.
    pub fn bus_went_away(&self) {
        *self.opened.lock() = VecDeque::new();
        *self.missed.lock() = Missed::default();
    }
}

impl Pauses {
    /// A pass is wanted. Returns when it may begin.
    pub fn next(&mut self, now: Instant) -> Instant {
        let Some(ended) = self.ended.filter(|ended| now.duration_since(*ended) < QUIET) else {
            self.pause = Duration::ZERO;
            return now;
        };
        self.pause = (self.pause * 2).clamp(PAUSE, LONGEST_PAUSE);
        ended + self.pause
    }

    pub fn ended(&mut self, now: Instant) {
        self.ended = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn passes_that_go_on_are_rarer_and_rarer_until_it_is_quiet() {
        let (mut pauses, mut now, mut waited) = (Pauses::default(), Instant::now(), Vec::new());
        for _ in 0..6 {
            let next = pauses.next(now).max(now);
            waited.push((next - now).as_secs());
            now = next;
            pauses.ended(now);
        }
        assert_eq!(waited, [0, 1, 2, 4, 8, 8]);
        now += QUIET;
        assert_eq!(pauses.next(now), now);
        pauses.ended(now);
        assert_eq!(pauses.next(now), now + PAUSE);
    }

    #[test]
    fn who_is_to_be_asked_is_taken_once() {
        let asks = Asks::default();
        asks.ask_of(NodeId(1));
        asks.ask_of(NodeId(1));
        let Missed { by_any, by } = asks.take_missed();
        assert_eq!((by_any, Vec::from_iter(by)), (false, vec![NodeId(1)]));
        asks.ask_again();
        let Missed { by_any, by } = asks.take_missed();
        assert!(by_any && by.is_empty());
    }
}
