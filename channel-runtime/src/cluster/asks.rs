//! What is to be asked of the other nodes about newest values, and what they are to ask.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::node_id::NodeId;

/// What is told of within this time is asked for once: each node says hello in it.
const GATHERED: Duration = Duration::from_secs(1);

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
    again: Notify,
    missed: Mutex<Missed>,
    pauses: Mutex<Pauses>,
    /// With which part of the rooms the next pass begins: one that is cut short leaves the others for it.
    pub next_part: AtomicUsize,
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
struct Pauses {
    pause: Duration,
    /// When the latest pass ended, or, if it was cut short, began.
    latest: Option<Instant>,
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

    /// Waits until something may have been missed, and may be asked for.
    pub async fn wanted(&self) {
        while self.missed.lock().is_nothing() {
            self.again.notified().await;
        }
        let now = Instant::now();
        let next = self.pauses.lock().next(now);
        sleep_until(next.max(now + GATHERED)).await;
    }

    /// A pass begins, for this.
    pub fn begin_pass(&self, now: Instant) -> Missed {
        self.pauses.lock().begin(now);
        mem::take(&mut self.missed.lock())
    }

    pub fn end_pass(&self, now: Instant) {
        self.pauses.lock().latest = Some(now);
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

impl Missed {
    fn is_nothing(&self) -> bool {
        !self.by_any && self.by.is_empty()
    }

    /// One node alone, or `None` for all: to ask all is one question for each room, and not one for each that may know more.
    pub fn of(&self) -> Option<NodeId> {
        self.by.first().copied().filter(|_| !self.by_any && self.by.len() == 1)
    }
}

impl Pauses {
    fn recent(&self, now: Instant) -> Option<Instant> {
        self.latest.filter(|latest| now.duration_since(*latest) < QUIET)
    }

    /// When a pass may begin.
    fn next(&self, now: Instant) -> Instant {
        self.recent(now).map_or(now, |latest| latest + self.pause)
    }

    fn begin(&mut self, now: Instant) {
        let is_quiet = self.recent(now).is_none();
        self.pause = if is_quiet { PAUSE } else { (self.pause * 2).min(LONGEST_PAUSE) };
        self.latest = Some(now);
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
            // Whether it ends or is cut short.
            pauses.begin(now);
        }
        assert_eq!(waited, [0, 1, 2, 4, 8, 8]);
        now += QUIET;
        assert_eq!(pauses.next(now), now);
        pauses.begin(now);
        assert_eq!(pauses.next(now), now + PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_of_twice_within_a_second_is_one_pass_and_delays_the_next_ones_no_more() {
        let (asks, begun) = (Asks::default(), Instant::now());
        let passes = async {
            let mut passes = Vec::new();
            while passes.len() < 3 {
                asks.wanted().await;
                assert!(!asks.begin_pass(Instant::now()).is_nothing());
                asks.end_pass(Instant::now());
                passes.push(begun.elapsed().as_secs());
            }
            passes
        };
        let losses = async {
            for at in [0, 10, 20] {
                sleep_until(begun + Duration::from_secs(at)).await;
                asks.ask_again();
                sleep_until(begun + Duration::from_secs(at) + GATHERED / 2).await;
                asks.ask_of(NodeId(1));
            }
        };
        assert_eq!(tokio::join!(passes, losses).0, [1, 11, 21]);
    }

    #[test]
    fn who_is_to_be_asked_is_taken_once() {
        let asks = Asks::default();
        asks.ask_of(NodeId(1));
        asks.ask_of(NodeId(1));
        let missed = || asks.begin_pass(Instant::now());
        assert_eq!(missed().of(), Some(NodeId(1)));
        assert!(missed().is_nothing());
        asks.ask_of(NodeId(1));
        asks.ask_again();
        assert_eq!(missed().of(), None);
    }

    #[test]
    fn who_may_have_missed_something_of_several_asks_all_at_once() {
        let asks = Asks::default();
        (1..16).for_each(|node| asks.ask_of(NodeId(node)));
        let missed = asks.begin_pass(Instant::now());
        assert!(!missed.is_nothing() && missed.of().is_none());
    }
}
