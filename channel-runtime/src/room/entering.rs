//! How a member enters a room: what it is told first, what it missed, and then all that is sent from then on.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use crate::connection::framework_frames::{InRoom, Welcome, joined_room};
use crate::connection::id::ConnectionId;
use crate::connection::lock_order::{RankedGuard, rank};
use crate::connection::outbox::{Enqueued, Outbox, Sender};
use crate::room::joined::{Fresh, Joined};
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::log::{Entered, Newcomer};
use crate::room::member::Member;
use crate::room::position::Position;
use crate::room::presence::Shown;

/// A room with history or presence, whose lock is held while somebody enters it: what is decided for a newcomer holds until it is a member.
pub(crate) struct Entrance<'a> {
    room: &'a LiveRoom,
    inner: RankedGuard<'a, { rank::MEMBERS }, Inner>,
    /// Of the newcomer, by the position that it gave back.
    session: Option<ConnectionId>,
}

impl Entrance<'_> {
    pub fn has_history(&self) -> bool {
        self.room.has_history()
    }

    /// `None` if it begins anew, and it is not known yet whether there is a state to tell.
    pub fn decide(&mut self, newcomer: Newcomer<'_>) -> Option<Entered> {
        self.session = newcomer.position.and_then(Position::session);
        let position = newcomer.position.filter(|position| !cuts_one_that_arrives(&mut self.inner, position));
        let log = self.inner.log.as_mut().expect("a room with history has a log");
        log.enter(&Newcomer { position, ..newcomer }, Instant::now())
    }

    /// `welcome` is for a knowing client, with the window of its return. `entered` is what was decided, if the room has history; `shown`
    /// is what is seen of it. Returns the number of the snapshot that it is to be told.
    pub fn enter(
        mut self,
        member: &Arc<Member>,
        welcome: Option<(Welcome, u32)>,
        entered: Option<&Entered>,
        shown: Option<Shown>,
    ) -> Option<u64> {
        if let Some((welcome, window)) = welcome {
            let told = entered.map(Entered::told);
            let place = told.as_ref().map(Told::in_room);
            member.outbox().welcome(welcome.frame(member.id, place.as_ref()), window);
        }
        let Inner { presence, log, .. } = &mut *self.inner;
        if let Some(presence) = presence {
            if member.outbox().is_knowing() {
                // Its own task writes it, which has not begun.
                let _ = member.outbox().push(presence.here(), Sender::Own);
            }
            let came_by = |session| move |id| log.as_ref().is_some_and(|log| log.session(id) == session);
            if let (Some(user), Some(is_the_client)) = (member.user_name(), self.session.map(came_by)) {
                presence.supersede(user, is_the_client, Instant::now());
                self.room.has_lost.store(presence.has_lost(), Ordering::Release);
            }
            if let Some(shown) = shown {
                presence.enter(member.user_name(), member.id, shown, Instant::now());
            }
        }
        if let Some(entered) = entered {
            replay(member.outbox(), entered);
        }
        self.room.insert_into(&mut self.inner, member);
        let entered = entered?;
        member.told.set(entered.joined);
        entered.snapshot
    }
}

impl LiveRoom {
    /// `None` if it has neither history nor presence.
    pub fn entrance(&self) -> Option<Entrance<'_>> {
        (self.has_history() || self.has_presence()).then(|| Entrance { room: self, inner: self.lock(), session: None })
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
        let newcomer = Newcomer {
            id: member.id,
            user: member.user.as_ref(),
            position,
            most_bytes: most_replayed(member.outbox().limit()).saturating_sub(member.outbox().bytes()),
            has_state: Some(false),
        };
        let entered = log.enter(&newcomer, Instant::now()).expect("it has no state");
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

    /// For a page that is made now. `None` if the room has no history. `is_promised`: it is kept for the page.
    pub fn position(&self, is_promised: bool) -> Option<Position> {
        self.lock().log.as_mut().map(|log| log.position(Instant::now(), is_promised))
    }
}

/// If its client has lost a connection whose end is not known yet: whether `on_connect` still runs for that one, which then is cut.
fn cuts_one_that_arrives(inner: &mut Inner, position: &Position) -> bool {
    let Some(session) = position.session() else { return false };
    if inner.members.get(session).is_some_and(|before| before.told.cut()) {
        return true;
    }
    let Inner { members, log, .. } = inner;
    if let Some(log) = log {
        log.comes_back(session, |id| members.get(id).is_some());
    }
    false
}

/// Of an outbox with this bound, in bytes. The other half is for what is sent meanwhile.
pub(super) fn most_replayed(outbox_bytes: usize) -> usize {
    outbox_bytes / 2
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
