//! Rooms: the registry of connections and users, the rooms with their members and state, and the fan-out of a frame to a room.

mod by_connection;
mod channel_rooms;
mod crowd;
pub(crate) mod delivery;
pub(crate) mod exclusions;
mod fan_out;
mod flush_queue;
mod flusher;
pub(crate) mod live_room;
pub(crate) mod lookup;
pub(crate) mod member;
pub(crate) mod membership;
pub(crate) mod outgoing;
pub(crate) mod owed_answer;
pub(crate) mod pending;
pub(crate) mod publisher;
pub(crate) mod reach;
mod recipient;
mod reentrancy;
pub(crate) mod registry;
mod revocations;
pub(crate) mod room_use;
pub(crate) mod sent;
pub(crate) mod sharded_map;
pub(crate) mod state;
pub(crate) mod target;
