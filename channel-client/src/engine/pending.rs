//! Requests that have no answer yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::Error;
use super::pace::Pace;

/// The text of the answer.
pub(crate) type Outcome = Result<String, Error>;

/// A message that asks for an answer.
#[derive(Debug)]
pub(crate) struct Request {
    /// With the `ref`.
    pub text: String,
    /// The place of its type, for its rate. `None` if it has no rate.
    pub pace: Option<(usize, Pace)>,
    pub deadline: Instant,
    /// Whether it is sent again if its connection is lost: the server handles it once.
    pub is_idempotent: bool,
    pub reply: oneshot::Sender<Outcome>,
}

/// All requests without an answer. Those that were given to no connection yet wait in the order of the calls.
#[derive(Debug, Default)]
pub(super) struct Pending {
    all: BTreeMap<i64, Entry>,
    unsent: VecDeque<i64>,
    unsent_bytes: usize,
    deadlines: BTreeSet<(Instant, i64)>,
}

#[derive(Debug)]
struct Entry {
    request: Request,
    is_sent: bool,
}

/// A request that is no longer pending.
pub(super) struct Taken {
    pub request: Request,
    pub was_sent: bool,
}

impl Taken {
    /// Whoever does not wait for it any more needs no answer.
    pub fn settle(self, outcome: Outcome) {
        _ = self.request.reply.send(outcome);
    }

    /// As one of a connection that has ended, or of a client that is closed.
    pub fn lost_or(self, otherwise: Error) {
        let error = if self.was_sent { Error::Lost } else { otherwise };
        self.settle(Err(error));
    }
}

impl Pending {
    /// So many bytes wait for a connection, for room in it or for their rate, at most, if not one request alone has more.
    const MOST_BYTES: usize = 256 * 1024;

    pub fn has_room(&self, most: usize, bytes: usize) -> bool {
        let fits = self.unsent.is_empty() || self.unsent_bytes + bytes <= Self::MOST_BYTES;
        self.unsent.len() < most && fits
    }

    pub fn wait(&mut self, reference: i64, request: Request) {
        self.unsent.push_back(reference);
        self.unsent_bytes += request.text.len();
        self.insert(reference, request, false);
    }

    /// One that is sent at once.
    pub fn sent(&mut self, reference: i64, request: Request) {
        self.insert(reference, request, true);
    }

    fn insert(&mut self, reference: i64, request: Request, is_sent: bool) {
        self.deadlines.insert((request.deadline, reference));
        self.all.insert(reference, Entry { request, is_sent });
    }

    pub fn next_unsent(&self) -> Option<(i64, &Request)> {
        let reference = *self.unsent.front()?;
        Some((reference, &self.all.get(&reference)?.request))
    }

    /// The text of the next one, which counts as sent from now on.
    pub fn send_next(&mut self) -> Option<String> {
        let entry = self.all.get_mut(&self.unsent.pop_front()?)?;
        entry.is_sent = true;
        let kept = if entry.request.is_idempotent { entry.request.text.clone() } else { String::new() };
        let text = std::mem::replace(&mut entry.request.text, kept);
        self.unsent_bytes -= text.len();
        Some(text)
    }

    pub fn take(&mut self, reference: i64) -> Option<Taken> {
        let Entry { request, is_sent } = self.all.remove(&reference)?;
        self.deadlines.remove(&(request.deadline, reference));
        if !is_sent {
            self.unsent.retain(|waiting| *waiting != reference);
            self.unsent_bytes -= request.text.len();
        }
        Some(Taken { request, was_sent: is_sent })
    }

    /// Those that were sent, but for so many of the newest that are idempotent.
    pub fn take_sent(&mut self, kept: usize) -> Vec<Taken> {
        let again = self.sent_again();
        let kept = &again[again.len().saturating_sub(kept)..];
        let sent = self.all.iter().filter(|(_, entry)| entry.is_sent).map(|(reference, _)| *reference);
        let lost: Vec<_> = sent.filter(|reference| !kept.contains(reference)).collect();
        lost.into_iter().filter_map(|reference| self.take(reference)).collect()
    }

    /// The idempotent ones that were sent, in the order of the calls.
    pub fn sent_again(&self) -> Vec<i64> {
        let again = self.all.iter().filter(|(_, entry)| entry.is_sent && entry.request.is_idempotent);
        again.map(|(reference, _)| *reference).collect()
    }

    /// Empty if it was sent and is not sent again.
    pub fn text(&self, reference: i64) -> Option<&str> {
        self.all.get(&reference).map(|entry| &*entry.request.text)
    }

    pub fn take_all(&mut self) -> Vec<Taken> {
        let all: Vec<_> = self.all.keys().copied().collect();
        all.into_iter().filter_map(|reference| self.take(reference)).collect()
    }

    pub fn take_due(&mut self, now: Instant) -> Option<Taken> {
        let (_, reference) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.take(reference)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn contains(&self, reference: i64) -> bool {
        self.all.contains_key(&reference)
    }

    /// How many requests, unsent ones, their bytes, and deadlines.
    #[cfg(test)]
    pub fn left(&self) -> [usize; 4] {
        [self.all.len(), self.unsent.len(), self.unsent_bytes, self.deadlines.len()]
    }
}
