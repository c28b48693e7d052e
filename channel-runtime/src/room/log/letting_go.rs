//! What a room is kept for after its last member has left, and how messages are let go before they are old.

use std::collections::VecDeque;
use std::mem;

use tokio::time::Instant;

use super::{Entry, Log};
use crate::connection::moment::after;

/// For what a room without members is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptFor {
    /// When its newest message was recorded, or its newest page was told its position.
    pub since: Instant,
    pub until: Instant,
    pub has_messages: bool,
}

impl Log {
    /// `None` if there is nothing to keep the room for.
    pub fn kept_for(&self) -> Option<KeptFor> {
        let since = self.entries.back().map(|entry| entry.at).max(self.promised)?;
        Some(KeptFor { since, until: after(since, self.limits.age), has_messages: !self.entries.is_empty() })
    }

    /// Lets go of what is older than the age, halved so many times: of so many messages at most, because others wait meanwhile.
    pub fn shed_half(&mut self, now: Instant, halvings: u32, most: usize) -> Forgotten {
        let age = self.limits.age / (1 << halvings);
        let old = self.entries.partition_point(|entry| now.duration_since(entry.at) >= age);
        self.forget(old.min(most))
    }

    /// Lets go of all messages. The room is kept as long as before, so that who comes back hears that it has missed them.
    pub fn clear(&mut self) -> Forgotten {
        self.promised = self.kept_for().map(|kept| kept.since);
        self.forget(self.entries.len())
    }

    /// Lets go of all messages, and of the room, if it has no members: it is counted no more, unless it is used again.
    pub fn give_up(&mut self) -> Forgotten {
        self.promised = None;
        if !mem::replace(&mut self.is_given_up, true) {
            self.budget.end_log();
        }
        self.forget(self.entries.len())
    }

    /// If it was given up: it is used.
    pub(super) fn count_again(&mut self) {
        if mem::take(&mut self.is_given_up) {
            self.budget.begin_log();
        }
    }

    fn forget(&mut self, oldest: usize) -> Forgotten {
        // All of them are not looked at one by one: others wait for the lock.
        let (entries, bytes, allocated) = if oldest == self.entries.len() {
            (mem::take(&mut self.entries), self.bytes, self.allocated)
        } else {
            let entries: VecDeque<Entry> = self.entries.drain(..oldest).collect();
            let bytes = entries.iter().map(|entry| entry.frame.len()).sum();
            let allocated = entries.iter().map(Entry::allocated).sum();
            (entries, bytes, allocated)
        };
        if let Some(newest) = entries.back() {
            self.evicted = newest.number;
        }
        self.bytes -= bytes;
        self.release(allocated);
        self.fit();
        Forgotten(entries)
    }
}

/// Messages that are let go: they are dropped under no lock, and not all at once.
#[must_use]
#[derive(Default)]
pub(crate) struct Forgotten(VecDeque<Entry>);

impl Forgotten {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// So many at most.
    pub fn drop_some(&mut self, most: usize) {
        drop(self.0.drain(..most.min(self.len())));
    }
}
