//! A room's log: what was sent to the room, with its numbers, for those who come back and for those who come fresh.
//!
//! All of it is under the room's members' lock, so that a message has its number before anybody can enter behind it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::moment::after;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::position::{At, Position};
use crate::wire::frame::Frame;

/// What an entry takes beside its frame.
const ENTRY_BYTES: usize = 64;

/// What a room takes that is kept, with its log.
const ROOM_BYTES: usize = 512;

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many messages at most.
    pub size: usize,
    /// Of so many bytes.
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
    bytes: usize,
    /// Of members who came back: the session of their first connection, by which they were excluded from what they sent themselves.
    sessions: HashMap<ConnectionId, ConnectionId>,
    /// Until when the room is kept for a page that was told its position.
    promised: Option<Instant>,
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

/// The bytes that all logs of the process take, and may take.
pub(crate) struct HistoryBudget {
    bytes: AtomicUsize,
    most: AtomicUsize,
}

/// Who enters a room with a log.
pub(crate) struct Newcomer<'a> {
    pub id: ConnectionId,
    pub user: Option<&'a UserKey>,
    pub position: Option<&'a Position>,
    /// A replay is not longer, in bytes.
    pub most_bytes: usize,
}

/// What a client is told of the room's past as it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Joined {
    /// It has everything: so many messages that it missed are sent to it, before anything later.
    Resumed {
        /// How many.
        missed: u32,
    },
    /// It begins anew, and is sent nothing of the past but what `recent` says.
    Fresh {
        /// Why.
        reason: Fresh,
    },
}

/// Why a client begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fresh {
    /// It names no position: it was never here, or the room has no history.
    First,
    /// Something that it missed is not kept any more.
    Expired,
    /// The room was closed since, or the server was started anew: its numbers are others.
    Replaced,
    /// It missed more than half of what may [wait for a client](crate::Config::outbox_bytes).
    TooFar,
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

impl Joined {
    /// How many messages were missed by who has everything. `None` for who begins anew.
    pub fn resumed(self) -> Option<u32> {
        match self {
            Self::Resumed { missed } => Some(missed),
            Self::Fresh { .. } => None,
        }
    }

    /// Why it begins anew. `None` for who has everything.
    pub fn fresh(self) -> Option<Fresh> {
        match self {
            Self::Resumed { .. } => None,
            Self::Fresh { reason } => Some(reason),
        }
    }
}

impl Fresh {
    /// As it stands on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::TooFar => "too_far",
        }
    }
}

impl HistoryBudget {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), most: AtomicUsize::new(most) })
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

    /// By an eighth.
    fn is_far_over(&self) -> bool {
        self.bytes() > self.most().saturating_add(self.most() / 8)
    }
}

impl Log {
    pub fn new(limits: Limits, budget: &Arc<HistoryBudget>) -> Self {
        budget.bytes.fetch_add(ROOM_BYTES, Ordering::Relaxed);
        Self {
            epoch: ConnectionId::next(),
            limits,
            // A client that has had no snapshot yet is at zero, and comes fresh if it is lost.
            next: if limits.has_snapshot { 2 } else { 1 },
            evicted: u64::from(limits.has_snapshot),
            entries: VecDeque::new(),
            bytes: 0,
            sessions: HashMap::new(),
            promised: None,
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
        let except = self.except(exclusions);
        self.add_bytes(frame.len() + ENTRY_BYTES);
        self.entries.push_back(Entry { number: self.next, frame, at: now, except });
        self.next += 1;
        while self.entries.len() > self.limits.size || self.bytes > self.limits.bytes {
            self.drop_oldest();
        }
        self.drop_old(now);
        // Who sheds what is worth least may not have come to it yet.
        while self.budget.is_far_over() && self.entries.len() > 1 {
            self.drop_oldest();
        }
    }

    fn except(&self, exclusions: &Exclusions) -> Option<Box<Except>> {
        if exclusions.is_empty() {
            return None;
        }
        let sessions = exclusions.excluded().map(|id| self.session(id)).collect();
        Some(Box::new(Except { sessions, users: exclusions.except_users.clone() }))
    }

    fn session(&self, id: ConnectionId) -> ConnectionId {
        self.sessions.get(&id).copied().unwrap_or(id)
    }

    /// Decides, before it is a member, what it is sent.
    pub fn enter(&mut self, newcomer: &Newcomer<'_>, now: Instant) -> Entered {
        self.drop_old(now);
        let (joined, session, seq, replay) = match self.decide(newcomer) {
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
        let is_told = self.limits.has_snapshot && joined.fresh().is_some();
        let snapshot = is_told.then(|| {
            self.next += 1;
            self.next - 1
        });
        let seq = if is_told { 0 } else { seq };
        Entered { joined, at: At { epoch: self.epoch, session: Some(session) }, seq, replay, snapshot }
    }

    fn decide(&self, newcomer: &Newcomer<'_>) -> Result<(Option<ConnectionId>, u64, Vec<Frame>), Fresh> {
        let position = newcomer.position.ok_or(Fresh::First)?;
        let Position::At(at, number) = position else { return Err(Fresh::Replaced) };
        if at.epoch != self.epoch || *number > self.top() {
            return Err(Fresh::Replaced);
        }
        if *number < self.evicted {
            return Err(Fresh::Expired);
        }
        let session = at.session.unwrap_or(newcomer.id);
        let had = self.entries.partition_point(|entry| entry.number <= *number);
        let entries = self.entries.range(had..);
        let replay: Vec<Frame> = entries.filter_map(|entry| entry.for_whom(session, newcomer.user)).collect();
        if replay.iter().map(|frame| frame.len()).sum::<usize>() > newcomer.most_bytes {
            return Err(Fresh::TooFar);
        }
        Ok((at.session, *number, replay))
    }

    /// The newest, and the number behind which they are.
    fn recent(&self, newcomer: &Newcomer<'_>) -> (u64, Vec<Frame>) {
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

    pub fn leave(&mut self, id: ConnectionId) {
        self.sessions.remove(&id);
    }

    /// For a page that is made now: what is sent from now on is missed by it.
    pub fn position(&mut self, now: Instant) -> Position {
        self.promised = Some(after(now, self.limits.age));
        Position::At(At { epoch: self.epoch, session: None }, self.top())
    }

    /// Until when a room without members is kept. `None` if there is nothing to keep it for.
    pub fn kept_until(&self) -> Option<Instant> {
        let newest = self.entries.back().map(|entry| after(entry.at, self.limits.age));
        newest.max(self.promised)
    }

    fn drop_old(&mut self, now: Instant) {
        self.shed(now, self.limits.age);
    }

    /// As if the age were halved so many times.
    pub fn shed_half(&mut self, now: Instant, halvings: u32) {
        self.shed(now, self.limits.age / (1 << halvings));
    }

    /// Lets go of all that is older than this.
    fn shed(&mut self, now: Instant, age: Duration) {
        while self.entries.front().is_some_and(|entry| now.duration_since(entry.at) >= age) {
            self.drop_oldest();
        }
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        while !self.entries.is_empty() {
            self.drop_oldest();
        }
        self.promised = None;
    }

    fn drop_oldest(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.evicted = entry.number;
        let bytes = entry.frame.len() + ENTRY_BYTES;
        self.bytes -= bytes;
        self.budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(ROOM_BYTES + self.bytes, Ordering::Relaxed);
    }
}

impl Entry {
    fn for_whom(&self, session: ConnectionId, user: Option<&UserKey>) -> Option<Frame> {
        let is_meant = self.except.as_ref().is_none_or(|except| {
            !except.sessions.contains(&session) && user.is_none_or(|user| !except.users.contains(user))
        });
        is_meant.then(|| Frame::clone(&self.frame))
    }
}

#[cfg(test)]
mod tests;
