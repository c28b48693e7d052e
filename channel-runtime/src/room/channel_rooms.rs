//! One channel's part of the registry: who is on it, and its rooms.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::sharded_map::{Sharded, shrink};
use crate::connection::id::ConnectionId;
use crate::room::live_room::Members;
use crate::room::state::State;

/// One channel's part of the registry.
pub(super) struct ChannelEntry {
    pub channel: TypeId,
    /// Everybody.
    pub all: Arc<Members>,
    pub rooms: Sharded<Arc<str>, Arc<Members>>,
    /// Makes the state of a room of the path, where no hook does.
    pub make_state: fn() -> Option<State>,
}

impl ChannelEntry {
    pub fn new<C: 'static>(make_state: fn() -> Option<State>) -> Self {
        Self {
            channel: TypeId::of::<C>(),
            all: Arc::new(Members::new("*".into(), None)),
            rooms: Sharded::new(),
            make_state,
        }
    }

    /// Acts on the room of this name under its shard's lock, so that it can't be taken away meanwhile; makes it first
    /// where there is none, its state outside the lock, for that is the user's code.
    pub fn open<R>(
        &self,
        name: &Arc<str>,
        make_state: impl Fn() -> Option<State>,
        act: impl FnOnce(&Arc<Members>) -> R,
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
            fresh = Some(Arc::new(Members::new(Arc::clone(name), make_state())));
        }
    }

    /// Removes the member, and the room with its last one, where it has no host.
    pub fn remove(&self, room: &Arc<Members>, member: ConnectionId) {
        let mut rooms = self.rooms.shard(&**room.name());
        room.remove(member);
        if room.len() == 0 && !room.is_hosted() {
            Self::retire(&mut rooms, room);
        }
    }

    /// The room is empty, and is no more.
    pub fn retire(rooms: &mut HashMap<Arc<str>, Arc<Members>>, room: &Members) {
        room.retire();
        rooms.remove(&**room.name());
        shrink(rooms);
    }
}
