//! The rooms that have no members and are kept for their history, in the order in which they are to be let go.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::room::history_budget::HistoryBudget;
use crate::room::live_room::LiveRoom;
use crate::room::log::KeptFor;

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

#[derive(Clone)]
pub(super) struct KeptRoom {
    pub channel: usize,
    /// As it was listed. It may be kept for longer by now: then it is listed anew when it is its turn.
    pub kept_for: KeptFor,
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
    /// The same ones by when their page was asked for: ages differ between channels.
    by_page: BTreeMap<Due, Due>,
    listed: u64,
}

impl KeptRooms {
    pub fn add(&mut self, room: KeptRoom) {
        self.listed += 1;
        let due = (room.kept_for.until, self.listed);
        if room.kept_for.has_messages {
            self.with_messages.insert(due, room);
        } else {
            self.by_page.insert((room.kept_for.since, self.listed), due);
            self.for_pages.insert(due, room);
        }
    }

    /// So many at most of those that are to be looked at by now.
    pub fn take_due(&mut self, now: Instant, most: usize) -> Vec<KeptRoom> {
        let mut due = Vec::new();
        let is_due = |list: &BTreeMap<Due, KeptRoom>| list.first_key_value().is_some_and(|((at, _), _)| *at <= now);
        while due.len() < most && is_due(&self.for_pages) {
            let Some(((_, listed), room)) = self.for_pages.pop_first() else { break };
            self.by_page.remove(&(room.kept_for.since, listed));
            due.push(room);
        }
        while due.len() < most && is_due(&self.with_messages) {
            due.extend(self.take_first_with_messages());
        }
        due
    }

    pub fn for_pages(&self) -> usize {
        self.for_pages.len()
    }

    pub fn take_first_for_a_page(&mut self) -> Option<KeptRoom> {
        let (_, due) = self.by_page.pop_first()?;
        self.for_pages.remove(&due)
    }

    pub fn take_first_with_messages(&mut self) -> Option<KeptRoom> {
        self.with_messages.pop_first().map(|(_, room)| room)
    }

    pub fn take_with_messages(&mut self, due: Due) -> Option<KeptRoom> {
        self.with_messages.remove(&due)
    }

    /// So many at most of those with messages that are behind this one.
    pub fn after(&self, last: Option<Due>, most: usize) -> Vec<(Due, KeptRoom)> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.with_messages.range((from, Bound::Unbounded));
        behind.take(most).map(|(due, kept)| (*due, kept.clone())).collect()
    }
}
