//! Who is in a room, what they share, and how what is published reaches them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::connection::backpressure::HubBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::lock_order::{Ranked, RankedGuard, rank};
use crate::room::by_connection::ByConnection;
use crate::room::exclusions::Exclusions;
use crate::room::flush_queue::FlushQueue;
use crate::room::member::Member;
use crate::room::reentrancy::assert_outside_send_with;
use crate::room::state::{RoomOwner, State};
use crate::wire::deflate::{WindowCounts, Windows};

/// The members of a room, and its state. Lives as long as the room has members, or somebody still looks at it.
///
/// Two locks: the members' is held while frames are handed to their outboxes, so that all of them get the same order; the
/// state's is held while the user's `with` runs, and may take the members' within.
pub(crate) struct LiveRoom {
    name: Arc<str>,
    inner: Ranked<{ rank::MEMBERS }, Inner>,
    /// The number of members, changed under their lock; read without it.
    len: AtomicUsize,
    /// What the members read.
    tally: WindowCounts,
    /// Set, under the registry's lock, when the room was taken away because it was empty; it stays empty then.
    gone: AtomicBool,
    /// Sessions that have begun here and not ended, `on_close` included.
    pub(super) visits: AtomicUsize,
    /// Made when the room opens; nothing once the last session has ended.
    pub(super) state: Ranked<{ rank::ROOM_STATE }, Option<State>>,
    /// Who closes it, where its channel's rooms are places: then it may be empty.
    pub(super) host: Option<Arc<dyn RoomOwner>>,
    /// The pace of those who send to it from outside, once somebody has.
    outside: OnceLock<Arc<HubBacklog>>,
}

impl LiveRoom {
    pub fn new(name: Arc<str>, state: Option<State>) -> Self {
        Self {
            name,
            inner: Ranked::default(),
            len: AtomicUsize::new(0),
            tally: WindowCounts::default(),
            gone: AtomicBool::new(false),
            visits: AtomicUsize::new(0),
            state: Ranked::new(state),
            host: None,
            outside: OnceLock::new(),
        }
    }

    /// With somebody who closes it.
    pub fn hosted(mut self, host: Arc<dyn RoomOwner>) -> Self {
        self.host = Some(host);
        self
    }

    /// Whether it is there without members too.
    pub fn has_owner(&self) -> bool {
        self.host.is_some()
    }

    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Told under the registry's lock that the room is empty and was taken away.
    pub fn retire(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Whether the connection is new here.
    pub fn insert(&self, connection: &Arc<Member>) -> bool {
        let members = &mut self.lock().members;
        let is_new = members.insert(connection.id, Arc::clone(connection));
        if is_new {
            self.tally.add(connection.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        is_new
    }

    /// Whether the connection was here.
    pub fn remove(&self, id: ConnectionId) -> bool {
        let inner = &mut *self.lock();
        inner.flushing.forget(id);
        let members = &mut inner.members;
        let left = members.remove(id);
        if let Some(left) = &left {
            self.tally.remove(left.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        left.is_some()
    }

    pub fn get(&self, id: ConnectionId) -> Option<Arc<Member>> {
        self.lock().members.get(id).cloned()
    }

    /// All members that `exclusions` admits.
    pub fn members(&self, exclusions: &Exclusions) -> Vec<Arc<Member>> {
        self.lock().members.values().filter(|member| member.is_meant(exclusions)).cloned().collect()
    }

    /// The members at these places for whom `find` finds something.
    pub fn examine<T>(&self, places: Range<usize>, find: impl Fn(&Member) -> Option<T>) -> Vec<(Arc<Member>, T)> {
        let members = &self.lock().members;
        members.range(places).filter_map(|member| Some((Arc::clone(member), find(member)?))).collect()
    }

    /// The pace of those who send to it from outside. `None` where nobody has.
    pub fn outside(&self) -> Option<&Arc<HubBacklog>> {
        self.outside.get()
    }

    /// The same, made for a room of this channel where nobody has.
    pub fn outside_of(&self, channel: &Arc<HubBacklog>) -> &Arc<HubBacklog> {
        self.outside.get_or_init(|| Arc::new(HubBacklog::of_room(channel)))
    }

    /// How many bytes wait for its members. A few are looked at, then others may send.
    pub fn outbox_bytes(&self) -> usize {
        const AT_ONCE: usize = 256;
        let few = |from: usize| self.examine(from..from + AT_ONCE, |member| Some(member.outbox().bytes()));
        let waiting = (0..self.len()).step_by(AT_ONCE).flat_map(few);
        waiting.map(|(_, bytes)| bytes).sum()
    }

    pub fn count(&self, exclusions: &Exclusions) -> usize {
        self.lock().members.values().filter(|member| member.is_meant(exclusions)).count()
    }

    /// What a message to those that `exclusions` admits is compressed for, as far as can be told without the lock.
    pub fn windows(&self, from: Option<&Arc<Member>>, exclusions: &Exclusions) -> Windows {
        self.tally.windows(from.filter(|from| !from.is_meant(exclusions)).and_then(|from| from.deflate))
    }

    pub(super) fn lock(&self) -> RankedGuard<'_, { rank::MEMBERS }, Inner> {
        assert_outside_send_with();
        self.inner.lock()
    }
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) members: ByConnection<Arc<Member>>,
    pub(super) flushing: FlushQueue<Member>,
}
