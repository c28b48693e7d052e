//! A room's log: what was sent to the room, with its numbers, for those who come back and for those who come fresh.
//!
//! All of it is under the room's members' lock, so that a message has its number before anybody can enter behind it.

mod arrivals;
mod letting_go;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::history_budget::HistoryBudget;
use crate::room::joined::{Fresh, Joined};
use crate::room::position::{At, Position};
use crate::wire::frame::Frame;

use self::arrivals::Arrivals;
pub(crate) use self::letting_go::{Forgotten, KeptFor};

/// So many that came back and have left are known by their sessions.
const MOST_LEFT: usize = 1024;

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many messages at most.
    pub size: usize,
    /// Of so many bytes on the wire.
    pub bytes: usize,
    /// That are no older.
    pub age: Duration,
    /// So many are told to who begins anew.
    pub recent: usize,
    /// Who begins anew is told the room's state, which has a number, too.
    pub has_snapshot: bool,
}

pub(crate) struct Log {
    /// Of this opening of the room: numbers of another one say nothing here.
    epoch: ConnectionId,
    limits: Limits,
    /// The number of the next entry.
    next: u64,
    entries: VecDeque<Entry>,
    /// The number of the newest entry that was let go.
    evicted: u64,
    /// On the wire.
    bytes: usize,
    /// What is allocated for the entries, and counted in the budget.
    allocated: usize,
    /// Of members who came back: the session of their first connection, by which they were excluded from what they sent themselves.
    sessions: HashMap<ConnectionId, ConnectionId>,
    /// Of them, those that have left, and when: what still runs for them is theirs.
    left: VecDeque<(Instant, ConnectionId)>,
    arrivals: Arrivals,
    /// When its newest page was told its position: the room is kept for it from then on.
    promised: Option<Instant>,
    /// The room is counted no more, though its owner may not have closed it yet.
    is_given_up: bool,
    budget: Arc<HistoryBudget>,
}

struct Entry {
    number: u64,
    /// Plain, and numbered.
    frame: Frame,
    at: Instant,
    /// Most messages are for all.
    except: Option<Box<Except>>,
}

/// Who was not meant, by their sessions and users.
struct Except {
    sessions: Vec<ConnectionId>,
    users: Vec<UserKey>,
}

/// Who enters a room with a log.
pub(crate) struct Newcomer<'a> {
    pub id: ConnectionId,
    pub user: Option<&'a UserKey>,
    pub position: Option<&'a Position>,
    /// A replay is not longer, in bytes.
    pub most_bytes: usize,
    /// Whether there is a state to tell, if it begins anew. `None` if that is not known yet.
    pub has_state: Option<bool>,
}

/// What is decided for a newcomer.
pub(crate) struct Entered {
    pub joined: Joined,
    pub at: At,
    /// The number behind which everything follows that it is sent.
    pub seq: u64,
    /// What it missed, or the newest ones for who is fresh.
    pub replay: Vec<Frame>,
    /// The number of the snapshot that is to follow.
    pub snapshot: Option<u64>,
}

impl Log {
    pub fn new(limits: Limits, budget: &Arc<HistoryBudget>) -> Self {
        budget.begin_log();
        Self {
            epoch: ConnectionId::next(),
            limits,
            // A client that has had no snapshot yet is at zero, and comes fresh if it is lost.
            next: if limits.has_snapshot { 2 } else { 1 },
            evicted: u64::from(limits.has_snapshot),
            entries: VecDeque::new(),
            bytes: 0,
            allocated: 0,
            sessions: HashMap::new(),
            left: VecDeque::new(),
            arrivals: Arrivals::default(),
            promised: None,
            is_given_up: false,
            budget: Arc::clone(budget),
        }
    }

    /// The number of the newest entry, zero before the first.
    pub fn top(&self) -> u64 {
        self.next - 1
    }

    /// The number that [`push`](Self::push) gives.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// A frame with the number [`next`](Self::next).
    pub fn push(&mut self, frame: Frame, exclusions: &Exclusions, now: Instant) {
        self.count_again();
        // Before there is one more than there may be, for which all would be given more space.
        while self.entries.len() >= self.limits.size {
            self.drop_oldest();
        }
        let entry = Entry { number: self.next, except: self.except(exclusions), at: now, frame };
        let (bytes, capacity) = (entry.allocated(), self.entries.capacity());
        self.bytes += entry.frame.len();
        self.entries.push_back(entry);
        self.next += 1;
        self.take(bytes + (self.entries.capacity() - capacity) * size_of::<Entry>());
        while self.bytes > self.limits.bytes {
            self.drop_oldest();
        }
        // Who sheds what is worth least may not have come to it yet.
        while self.budget.is_far_over() && self.entries.len() > 1 {
            self.drop_oldest();
        }
        self.drop_old(now);
    }

    fn except(&self, exclusions: &Exclusions) -> Option<Box<Except>> {
        if exclusions.is_empty() {
            return None;
        }
        Some(Box::new(Except { sessions: self.sessions_of(exclusions), users: exclusions.except_users.clone() }))
    }

    /// Of a member.
    pub fn session(&self, id: ConnectionId) -> ConnectionId {
        self.sessions.get(&id).copied().unwrap_or(id)
    }

    /// Decides, before it is a member, what it is sent. `None` if it begins anew, and it is not known yet whether there is a state to tell:
    /// then nothing has changed.
    pub fn enter(&mut self, newcomer: &Newcomer<'_>, now: Instant) -> Option<Entered> {
        self.count_again();
        self.drop_old(now);
        let decided = self.decide(newcomer);
        if decided.is_err() && self.limits.has_snapshot && newcomer.has_state.is_none() {
            return None;
        }
        let (joined, session, seq, replay) = match decided {
            Ok((session, seq, replay)) => {
                (Joined::Resumed { missed: u32::try_from(replay.len()).unwrap_or(u32::MAX) }, session, seq, replay)
            }
            Err(reason) => {
                let (seq, recent) = self.recent(newcomer);
                (Joined::Fresh { reason }, None, seq, recent)
            }
        };
        // A page's position has no session: who comes with it begins one.
        let session = session.unwrap_or(newcomer.id);
        if session != newcomer.id {
            self.sessions.insert(newcomer.id, session);
        }
        let is_told = self.is_told(newcomer) && joined.fresh().is_some();
        let snapshot = is_told.then(|| {
            self.next += 1;
            self.next - 1
        });
        Some(Entered { joined, at: At { epoch: self.epoch, session: Some(session) }, seq, replay, snapshot })
    }

    fn place<'p>(&self, position: Option<&'p Position>) -> Result<(&'p At, &'p u64), Fresh> {
        let Position::At(at, number) = position.ok_or(Fresh::First)? else { return Err(Fresh::Replaced) };
        if at.epoch != self.epoch || *number > self.top() {
            return Err(Fresh::Replaced);
        }
        if at.session.is_some_and(|session| self.arrivals.may_have_been_cut(session)) {
            return Err(Fresh::First);
        }
        if *number < self.evicted { Err(Fresh::Expired) } else { Ok((at, number)) }
    }

    fn decide(&self, newcomer: &Newcomer<'_>) -> Result<(Option<ConnectionId>, u64, Vec<Frame>), Fresh> {
        let (at, number) = self.place(newcomer.position)?;
        let session = at.session.unwrap_or(newcomer.id);
        let had = self.entries.partition_point(|entry| entry.number <= *number);
        let entries = self.entries.range(had..);
        let replay: Vec<Frame> = entries.filter_map(|entry| entry.for_whom(session, newcomer.user)).collect();
        if replay.iter().map(|frame| frame.len()).sum::<usize>() > newcomer.most_bytes {
            return Err(Fresh::TooFar);
        }
        Ok((at.session, *number, replay))
    }

    fn is_told(&self, newcomer: &Newcomer<'_>) -> bool {
        self.limits.has_snapshot && newcomer.has_state == Some(true)
    }

    /// The newest, and the number behind which they are. A snapshot stands for all of them.
    fn recent(&self, newcomer: &Newcomer<'_>) -> (u64, Vec<Frame>) {
        if self.is_told(newcomer) {
            return (0, Vec::new());
        }
        let (mut seq, mut bytes, mut recent) = (self.top(), 0, Vec::new());
        for entry in self.entries.iter().rev() {
            if recent.len() == self.limits.recent {
                break;
            }
            let Some(frame) = entry.for_whom(newcomer.id, newcomer.user) else { continue };
            bytes += frame.len();
            if bytes > newcomer.most_bytes {
                break;
            }
            seq = entry.number - 1;
            recent.push(frame);
        }
        recent.reverse();
        (seq, recent)
    }

    /// Its client comes back, maybe before it has left: then it had arrived, for of those that had not it would be known.
    pub fn comes_back(&mut self, session: ConnectionId, is_member: impl Fn(ConnectionId) -> bool) {
        let is_here = || {
            let mut by_another_id = self.sessions.iter().filter(|(_, other)| **other == session);
            is_member(session) || by_another_id.any(|(id, _)| is_member(*id))
        };
        if self.arrivals.is_forgotten(session) && is_here() {
            self.arrivals.arrived(session);
        }
    }

    /// `had_arrived`: false if it began anew, and was cut before `on_connect` had returned. `None` if its client can't come back.
    pub fn leave(&mut self, id: ConnectionId, had_arrived: Option<bool>, now: Instant) {
        match had_arrived {
            Some(true) => self.arrivals.arrived(self.session(id)),
            Some(false) => self.arrivals.cut(id, self.top()),
            None => {}
        }
        self.arrivals.expire(self.evicted);
        let is_over = |(at, _): &(Instant, ConnectionId)| now.duration_since(*at) > self.limits.age;
        while self.left.len() == MOST_LEFT || self.left.front().is_some_and(is_over) {
            if let Some((_, id)) = self.left.pop_front() {
                self.sessions.remove(&id);
            }
        }
        if self.sessions.contains_key(&id) {
            self.left.push_back((now, id));
        }
    }

    /// The sessions that get nothing of what is sent with these exclusions. Empty if each is known by its connection.
    pub fn excluded(&self, exclusions: &Exclusions) -> Vec<ConnectionId> {
        if self.sessions.is_empty() || exclusions.is_empty() {
            return Vec::new();
        }
        self.sessions_of(exclusions)
    }

    fn sessions_of(&self, exclusions: &Exclusions) -> Vec<ConnectionId> {
        exclusions.excluded().map(|id| self.session(id)).collect()
    }

    /// For a page that is made now: what is sent from now on is missed by it. `is_promised`: the room is kept for it.
    pub fn position(&mut self, now: Instant, is_promised: bool) -> Position {
        if is_promised {
            self.count_again();
            self.promised = Some(now);
        }
        Position::At(At { epoch: self.epoch, session: None }, self.top())
    }

    fn drop_old(&mut self, now: Instant) {
        while self.entries.front().is_some_and(|entry| now.duration_since(entry.at) >= self.limits.age) {
            self.drop_oldest();
        }
        self.fit();
    }

    fn drop_oldest(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.evicted = entry.number;
        self.bytes -= entry.frame.len();
        self.release(entry.allocated());
    }

    /// Gives back the space of many that were let go.
    fn fit(&mut self) {
        const LEAST: usize = 4;
        let (few, capacity) = (self.entries.len().max(LEAST), self.entries.capacity());
        if capacity > 4 * few {
            self.entries.shrink_to(2 * few);
            self.release((capacity - self.entries.capacity()) * size_of::<Entry>());
        }
    }

    fn take(&mut self, bytes: usize) {
        self.allocated += bytes;
        self.budget.take(bytes);
    }

    fn release(&mut self, bytes: usize) {
        self.allocated -= bytes;
        self.budget.release(bytes);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.budget.release(self.allocated);
        if !self.is_given_up {
            self.budget.end_log();
        }
    }
}

impl Entry {
    fn allocated(&self) -> usize {
        self.frame.allocated() + self.except.as_ref().map_or(0, |except| except.allocated())
    }

    fn for_whom(&self, session: ConnectionId, user: Option<&UserKey>) -> Option<Frame> {
        let is_meant = self.except.as_ref().is_none_or(|except| {
            !except.sessions.contains(&session) && user.is_none_or(|user| !except.users.contains(user))
        });
        is_meant.then(|| Frame::clone(&self.frame))
    }
}

impl Except {
    fn allocated(&self) -> usize {
        size_of::<Self>()
            + self.sessions.capacity() * size_of::<ConnectionId>()
            + self.users.capacity() * size_of::<UserKey>()
    }
}

#[cfg(test)]
mod tests;
