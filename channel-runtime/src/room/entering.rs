//! How a member enters a room: what it is told first, what it missed, and then all that is sent from then on.

use std::fmt::Write as _;
use std::sync::Arc;

use tokio::time::Instant;

use crate::connection::framework_frames::{InRoom, Welcome, joined_room};
use crate::connection::outbox::{Enqueued, Outbox, Sender};
use crate::room::joined::{Fresh, Joined};
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::log::{Entered, Log, Newcomer};
use crate::room::member::Member;
use crate::room::position::Position;

impl LiveRoom {
    /// Of its path. `welcome` is for a knowing client, with the window of its return. Returns the number of the snapshot that it is to
    /// be told. `has_state`: whether there is one, if it begins anew; `None` if that is not known yet.
    pub fn enter(
        &self,
        member: &Arc<Member>,
        welcome: Option<(Welcome, u32)>,
        position: Option<&Position>,
        has_state: Option<bool>,
    ) -> Option<u64> {
        if !self.has_history() {
            if let Some((welcome, window)) = welcome {
                member.outbox().welcome(welcome.frame(member.id, None), window);
            }
            self.insert(member);
            return None;
        }
        let inner = &mut *self.lock();
        let position = position.filter(|position| !is_of_one_that_arrives(inner, position));
        let log = inner.log.as_mut().expect("a room with history has a log");
        let entered = decide(log, member, position, has_state);
        if let Some((welcome, window)) = welcome {
            let told = entered.told();
            member.outbox().welcome(welcome.frame(member.id, Some(&told.in_room())), window);
        }
        replay(member.outbox(), &entered);
        self.insert_into(inner, member);
        member.told.set(entered.joined);
        entered.snapshot
    }

    /// Of a declared room. Returns whether it was no member before.
    pub fn join(&self, member: &Arc<Member>, position: Option<&Position>) -> bool {
        if !self.has_history() {
            return self.insert(member);
        }
        let inner = &mut *self.lock();
        if inner.members.get(member.id).is_some() {
            return false;
        }
        let log = inner.log.as_mut().expect("a room with history has a log");
        let entered = decide(log, member, position, Some(false));
        let mut must_flush = false;
        if member.outbox().is_knowing() {
            let told = entered.told();
            let pushed = member.outbox().push(joined_room(self.name(), &told.in_room()), Sender::Own);
            must_flush = pushed == Enqueued::MustFlush;
        }
        must_flush |= replay(member.outbox(), &entered);
        if must_flush {
            member.outbox().wake_owner();
        }
        self.insert_into(inner, member)
    }

    /// Whether who comes with this position surely begins anew in the room's history. Not if it has none.
    pub fn begins_anew(&self, position: Option<&Position>) -> bool {
        if !self.has_history() {
            return false;
        }
        let inner = &mut *self.lock();
        let position = position.filter(|position| !is_of_one_that_arrives(inner, position));
        inner.log.as_mut().is_some_and(|log| log.begins_anew(position, Instant::now()))
    }

    /// For a page that is made now. `None` if the room has no history. `is_promised`: it is kept for the page.
    pub fn position(&self, is_promised: bool) -> Option<Position> {
        self.lock().log.as_mut().map(|log| log.position(Instant::now(), is_promised))
    }
}

/// Its client has lost a connection whose end is not known yet, and for which `on_connect` still runs.
fn is_of_one_that_arrives(inner: &Inner, position: &Position) -> bool {
    let session = position.session().and_then(|session| inner.members.get(session));
    session.is_some_and(|before| before.told.cut())
}

fn decide(log: &mut Log, member: &Member, position: Option<&Position>, has_state: Option<bool>) -> Entered {
    let newcomer = Newcomer {
        id: member.id,
        user: member.user.as_ref(),
        position,
        // The other half is for what is sent meanwhile.
        most_bytes: (member.outbox().limit() / 2).saturating_sub(member.outbox().bytes()),
        has_state,
    };
    log.enter(&newcomer, Instant::now())
}

/// Returns whether somebody has to write it.
fn replay(outbox: &Outbox, entered: &Entered) -> bool {
    let pushed = entered.replay.iter().map(|frame| outbox.push(frame.clone(), Sender::Own));
    pushed.fold(false, |must_flush, pushed| must_flush | (pushed == Enqueued::MustFlush))
}

/// As a client hears it.
struct Told {
    at: String,
    seq: u64,
    joined: Joined,
}

impl Entered {
    fn told(&self) -> Told {
        let mut at = String::with_capacity(64);
        write!(at, "{}", self.at).expect("a text takes all");
        Told { at, seq: self.seq, joined: self.joined }
    }
}

impl Told {
    fn in_room(&self) -> InRoom<'_> {
        InRoom {
            at: &self.at,
            seq: self.seq,
            resumed: self.joined.resumed(),
            fresh: self.joined.fresh().map(Fresh::name),
        }
    }
}
