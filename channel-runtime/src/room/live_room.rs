//! A room that is open: its members, its state, and its locks.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::connection::backpressure::HubBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::lock_order::{Ranked, RankedGuard, rank};
use crate::room::by_connection::ByConnection;
use crate::room::exclusions::Exclusions;
use crate::room::flush_queue::FlushQueue;
use crate::room::log::{Forgotten, KeptFor, Log};
use crate::room::member::Member;
use crate::room::newest::Newest;
use crate::room::presence::Presence;
use crate::room::reentrancy::assert_outside_send_with;
use crate::room::state::{RoomOwner, State};
use crate::wire::deflate::{WindowCounts, Windows};

/// Lock order: the state's, held while the user's `with` runs; then the members', held while a frame is pushed: one order for all.
pub(crate) struct LiveRoom {
    name: Arc<str>,
    inner: Ranked<{ rank::MEMBERS }, Inner>,
    /// Changed under the members' lock, and read without it.
    len: AtomicUsize,
    window_counts: WindowCounts,
    /// Removed because it was empty. Set under the registry's lock, and never taken back.
    gone: AtomicBool,
    /// Sessions that have begun and not ended, `on_close` included.
    pub(super) uses: AtomicUsize,
    pub(super) state: Ranked<{ rank::ROOM_STATE }, Option<State>>,
    pub(super) owner: Option<Arc<dyn RoomOwner>>,
    hub_backlog: OnceLock<Arc<HubBacklog>>,
    /// It has a log. Known without the lock.
    has_history: bool,
    /// It has a table of who is present. Known without the lock.
    has_presence: bool,
    /// A user may be present in it whose connection was lost. Changed under the members' lock, and read without it.
    pub(super) has_lost: AtomicBool,
    /// It is among the rooms without members that are kept. Changed under the registry's lock.
    pub(super) is_kept: AtomicBool,
}

impl LiveRoom {
    pub fn new(name: Arc<str>, state: Option<State>) -> Self {
        Self {
            name,
            inner: Ranked::default(),
            len: AtomicUsize::new(0),
            window_counts: WindowCounts::default(),
            gone: AtomicBool::new(false),
            uses: AtomicUsize::new(0),
            state: Ranked::new(state),
            owner: None,
            hub_backlog: OnceLock::new(),
            has_history: false,
            has_presence: false,
            has_lost: AtomicBool::new(false),
            is_kept: AtomicBool::new(false),
        }
    }

    /// What is sent to it is kept, if there is a log.
    pub fn recorded_in(mut self, log: Option<Log>) -> Self {
        self.has_history = log.is_some();
        self.inner.get_mut().log = log.map(Box::new);
        self
    }

    /// Who is present is told, if there is a table.
    pub fn with_presence(mut self, presence: Option<Presence>) -> Self {
        self.has_presence = presence.is_some();
        self.inner.get_mut().presence = presence.map(Box::new);
        self
    }

    pub fn owned_by(mut self, owner: Arc<dyn RoomOwner>) -> Self {
        self.owner = Some(owner);
        self
    }

    /// If so, it may be open without members.
    pub fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Until when it is kept without members. `None` if there is nothing to keep it for.
    pub fn kept_until(&self) -> Option<Instant> {
        self.kept_for().map(|kept| kept.until)
    }

    /// For what it is kept without members. `None` if there is nothing to keep it for.
    pub fn kept_for(&self) -> Option<KeptFor> {
        self.has_history.then(|| self.lock().log.as_ref()?.kept_for())?
    }

    /// What `act` lets go of, if there is a history.
    pub fn shed_history(&self, act: impl FnOnce(&mut Log) -> Forgotten) -> Forgotten {
        if !self.has_history {
            return Forgotten::default();
        }
        self.lock().log.as_deref_mut().map(act).unwrap_or_default()
    }

    /// Lets go of all messages, if it has no members: nobody enters meanwhile.
    pub fn clear_history_if_empty(&self) -> Forgotten {
        match &mut *self.lock() {
            Inner { members, log: Some(log), .. } if members.is_empty() => log.clear(),
            _ => Forgotten::default(),
        }
    }

    /// Whether what is sent to it is kept.
    #[inline]
    pub fn has_history(&self) -> bool {
        self.has_history
    }

    #[inline]
    pub fn has_presence(&self) -> bool {
        self.has_presence
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

    /// Called under the registry's lock, while the room is empty.
    pub fn retire(&self) {
        self.gone.store(true, Ordering::Release);
    }

    pub fn insert(&self, connection: &Arc<Member>) -> bool {
        self.insert_into(&mut self.lock(), connection)
    }

    pub(super) fn insert_into(&self, inner: &mut Inner, connection: &Arc<Member>) -> bool {
        let members = &mut inner.members;
        let is_new = members.insert(connection.id, Arc::clone(connection));
        if is_new {
            self.window_counts.add(connection.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        if is_new && let Some(newest) = &mut inner.newest {
            newest.enter(&**connection);
        }
        is_new
    }

    pub fn remove(&self, id: ConnectionId) -> bool {
        let Inner { members, flushing, log, newest, presence } = &mut *self.lock();
        flushing.forget(id);
        // A tick may have found it here after it had left the table.
        if let Some(presence) = presence {
            presence.catches_up(id);
        }
        if let Some(newest) = newest
            && members.get(id).is_some()
            && let Some(last) = members.range(members.len() - 1..members.len()).next()
        {
            newest.leave(id.serial(), last.id.serial(), members.len());
        }
        let left = members.remove(id);
        if let Some(log) = log {
            let is_own = |left: &Member| std::ptr::eq(&raw const *left.own_room, self);
            let had_arrived = |left: &Arc<Member>| !(is_own(left) && left.told.is_arriving());
            let knows = |left: &&Arc<Member>| left.outbox().is_knowing();
            log.leave(id, left.as_ref().filter(knows).map(had_arrived), Instant::now());
        }
        if let Some(left) = &left {
            self.window_counts.remove(left.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        left.is_some()
    }

    pub fn get(&self, id: ConnectionId) -> Option<Arc<Member>> {
        self.lock().members.get(id).cloned()
    }

    pub fn members(&self, exclusions: &Exclusions) -> Vec<Arc<Member>> {
        self.lock().members.values().filter(|member| member.is_meant(exclusions)).cloned().collect()
    }

    pub fn examine<T>(&self, places: Range<usize>, find: impl Fn(&Member) -> Option<T>) -> Vec<(Arc<Member>, T)> {
        let members = &self.lock().members;
        members.range(places).filter_map(|member| Some((Arc::clone(member), find(member)?))).collect()
    }

    pub fn hub_backlog(&self) -> Option<&Arc<HubBacklog>> {
        self.hub_backlog.get()
    }

    pub fn hub_backlog_of(&self, channel: &Arc<HubBacklog>) -> &Arc<HubBacklog> {
        self.hub_backlog.get_or_init(|| Arc::new(HubBacklog::of_room(channel)))
    }

    /// The lock is taken for a few members at a time, so that others may send in between.
    pub fn outbox_bytes(&self) -> usize {
        const AT_ONCE: usize = 256;
        let few = |from: usize| self.examine(from..from + AT_ONCE, |member| Some(member.outbox().bytes()));
        let waiting = (0..self.len()).step_by(AT_ONCE).flat_map(few);
        waiting.map(|(_, bytes)| bytes).sum()
    }

    pub fn count(&self, exclusions: &Exclusions) -> usize {
        self.lock().members.values().filter(|member| member.is_meant(exclusions)).count()
    }

    /// As far as is known without the lock.
    pub fn windows(&self, from: Option<&Arc<Member>>, exclusions: &Exclusions) -> Windows {
        self.window_counts.windows(from.filter(|from| !from.is_meant(exclusions)).and_then(|from| from.deflate))
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
    pub(super) log: Option<Box<Log>>,
    /// `None` until a message was sent to it whose type is `latest`.
    pub(super) newest: Option<Box<Newest>>,
    pub(super) presence: Option<Box<Presence>>,
}
