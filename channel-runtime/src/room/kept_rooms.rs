//! The rooms that have no members and are kept for their history, in the order in which they are to be let go.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::room::history_budget::HistoryBudget;
use crate::room::live_room::LiveRoom;

/// What a registry knows of its rooms' histories.
pub(super) struct History {
    pub budget: Arc<HistoryBudget>,
    pub kept: Mutex<KeptRooms>,
    /// Its task runs.
    pub is_watched: AtomicBool,
}

impl History {
    pub fn new(most_bytes: usize) -> Self {
        let budget = HistoryBudget::new(most_bytes);
        Self { budget, kept: Mutex::default(), is_watched: AtomicBool::new(false) }
    }
}

pub(super) struct KeptRoom {
    pub channel: usize,
    pub room: Arc<LiveRoom>,
}

/// When a room is looked at, and a number that no other one has. It may be kept for longer by then.
pub(super) type Due = (Instant, u64);

/// Each room is listed once at most: [`LiveRoom::is_kept`] says whether it is.
#[derive(Default)]
pub(super) struct KeptRooms {
    with_messages: BTreeMap<Due, KeptRoom>,
    /// Nothing is recorded in them: they are kept for pages that were told their position.
    for_pages: BTreeMap<Due, KeptRoom>,
    listed: u64,
}

impl KeptRooms {
    pub fn add(&mut self, until: Instant, has_messages: bool, room: KeptRoom) {
        self.listed += 1;
        let list = if has_messages { &mut self.with_messages } else { &mut self.for_pages };
        list.insert((until, self.listed), room);
    }

    /// So many at most of those that are to be looked at by now.
    pub fn take_due(&mut self, now: Instant, most: usize) -> Vec<KeptRoom> {
        let mut due = Vec::new();
        for list in [&mut self.for_pages, &mut self.with_messages] {
            while due.len() < most
                && let Some(first) = list.first_entry()
                && first.key().0 <= now
            {
                due.push(first.remove());
            }
        }
        due
    }

    pub fn for_pages(&self) -> usize {
        self.for_pages.len()
    }

    pub fn take_first_for_a_page(&mut self) -> Option<KeptRoom> {
        self.for_pages.pop_first().map(|(_, room)| room)
    }

    pub fn take_first_with_messages(&mut self) -> Option<KeptRoom> {
        self.with_messages.pop_first().map(|(_, room)| room)
    }

    /// So many at most of those with messages that are behind this one, and the last one's place.
    pub fn after(&self, last: Option<Due>, most: usize) -> Option<(Due, Vec<Arc<LiveRoom>>)> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let few = || self.with_messages.range((from, Bound::Unbounded)).take(most);
        let (last, _) = few().last()?;
        Some((*last, few().map(|(_, kept)| Arc::clone(&kept.room)).collect()))
    }
}
