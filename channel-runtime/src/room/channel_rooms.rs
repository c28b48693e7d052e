//! One channel's part of the registry: its connections and its rooms.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::sharded_map::{ShardedMap, shrink};
use crate::connection::id::ConnectionId;
use crate::room::live_room::LiveRoom;
use crate::room::state::State;

pub(super) struct ChannelRooms {
    pub channel: TypeId,
    pub identity: TypeId,
    pub all: Arc<LiveRoom>,
    pub rooms: ShardedMap<Arc<str>, Arc<LiveRoom>>,
    /// For a path's room that no hook opens.
    pub make_state: fn() -> Option<State>,
}

impl ChannelRooms {
    pub fn new<C: 'static>(identity: TypeId, make_state: fn() -> Option<State>) -> Self {
        Self {
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
                return act(rooms.entry(Arc::clone(name)).or_insert(room));
            }
            drop(rooms);
            fresh = Some(Arc::new(LiveRoom::new(Arc::clone(name), make_state())));
        }
    }

    /// Removes the room with its last member, unless it has an owner.
    pub fn remove(&self, room: &Arc<LiveRoom>, member: ConnectionId) {
        let mut rooms = self.rooms.shard(&**room.name());
        room.remove(member);
        if room.len() == 0 && !room.has_owner() {
            Self::retire(&mut rooms, room);
        }
    }

    pub fn retire(rooms: &mut HashMap<Arc<str>, Arc<LiveRoom>>, room: &LiveRoom) {
        room.retire();
        rooms.remove(&**room.name());
        shrink(rooms);
    }
}
