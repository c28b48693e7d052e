//! One channel's part of the registry: its connections and its rooms.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::sharded_map::{ShardedMap, shrink};
use crate::connection::id::ConnectionId;
use crate::room::history_budget::HistoryBudget;
use crate::room::live_room::LiveRoom;
use crate::room::log::{Limits, Log};
use crate::room::outgoing::Outgoing;
use crate::room::presence::{Bounds, Presence};
use crate::room::state::State;

pub(super) struct ChannelRooms {
    pub channel: TypeId,
    pub identity: TypeId,
    pub all: Arc<LiveRoom>,
    pub rooms: ShardedMap<Arc<str>, Arc<LiveRoom>>,
    /// For a path's room that no hook opens.
    pub make_state: fn() -> Option<State>,
    /// By a room's name. `None` for one that has none.
    history: HistoryOf,
    /// Some room may have history.
    pub has_history: bool,
    /// Of the rooms of paths. `None` if it is not told who is present.
    pub presence: Option<Bounds>,
    /// Some message of the channel is `latest`.
    pub has_newest: bool,
    /// Told of rooms that are opened, in a cluster and if there are newest values; with the channel's index.
    pub asks: OnceLock<(usize, Arc<dyn Outgoing>)>,
    budget: Arc<HistoryBudget>,
}

/// What a room of this name keeps.
pub(crate) type HistoryOf = fn(&str) -> Option<Limits>;

impl ChannelRooms {
    pub fn new<C: 'static>(
        identity: TypeId,
        make_state: fn() -> Option<State>,
        history: Option<HistoryOf>,
        budget: &Arc<HistoryBudget>,
    ) -> Self {
        Self {
            history: history.unwrap_or(|_| None),
            has_history: history.is_some(),
            presence: None,
            has_newest: false,
            asks: OnceLock::new(),
            budget: Arc::clone(budget),
            channel: TypeId::of::<C>(),
            identity,
            all: Arc::new(LiveRoom::new("*".into(), None)),
            rooms: ShardedMap::new(),
            make_state,
        }
    }

    /// Runs `act` under the shard's lock, so that the room can't be removed meanwhile. If there is no room, one is made; its state
    /// is made outside the lock, because that is the user's code.
    pub fn open<R>(
        &self,
        name: &Arc<str>,
        make_state: impl Fn() -> Option<State>,
        act: impl FnOnce(&Arc<LiveRoom>) -> R,
    ) -> R {
        let mut fresh = None;
        loop {
            let mut rooms = self.rooms.shard(&**name);
            if let Some(room) = rooms.get(&**name) {
                return act(room);
            }
            if let Some(room) = fresh.take() {
                let room = rooms.entry(Arc::clone(name)).or_insert(room);
                self.opened(name);
                return act(room);
            }
            drop(rooms);
            let room = LiveRoom::new(Arc::clone(name), make_state());
            fresh = Some(Arc::new(room.recorded_in(self.log(name)).with_presence(self.presence(name))));
        }
    }

    /// Under its shard's lock, once it can be found there: what other nodes send from now on reaches it.
    pub fn opened(&self, name: &Arc<str>) {
        if let Some((channel, outgoing)) = self.asks.get() {
            outgoing.room_opened(*channel, name);
        }
    }

    /// Runs `act` under the shard's lock, if this is still the room of its name.
    pub fn if_still<R>(&self, room: &Arc<LiveRoom>, act: impl FnOnce() -> R) -> Option<R> {
        let rooms = self.rooms.shard(&**room.name());
        rooms.get(&**room.name()).is_some_and(|found| Arc::ptr_eq(found, room)).then(act)
    }

    /// A log for a new room of this name, if such a room has one.
    pub fn log(&self, name: &str) -> Option<Log> {
        (self.history)(name).map(|limits| Log::new(limits, &self.budget))
    }

    /// A table for a new room of this name, if it is told who is present there.
    pub fn presence(&self, name: &str) -> Option<Presence> {
        self.presence.filter(|_| name.starts_with('/')).map(Presence::new)
    }

    /// Removes the room with its last member, unless `keep` says that it is kept, or it has an owner.
    pub fn remove(&self, room: &Arc<LiveRoom>, member: ConnectionId, keep: impl FnOnce() -> bool) {
        let mut rooms = self.rooms.shard(&**room.name());
        room.remove(member);
        if room.len() == 0 && !(room.has_history() && keep()) && !room.has_owner() {
            Self::retire(&mut rooms, room);
        }
    }

    pub fn retire(rooms: &mut HashMap<Arc<str>, Arc<LiveRoom>>, room: &LiveRoom) {
        room.retire();
        // Another one may have its name by now.
        if rooms.get(&**room.name()).is_some_and(|found| std::ptr::eq(&raw const **found, room)) {
            rooms.remove(&**room.name());
            shrink(rooms);
        }
    }
}
