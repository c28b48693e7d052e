//! Whom an audience means, as it was named.

use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::member::Member;

#[derive(Clone)]
pub(crate) enum Target {
    OwnRoom(Arc<Member>),
    Room(Arc<str>),
    Rooms(Vec<Arc<str>>),
    Users(Vec<UserKey>),
    Connection(ConnectionId),
    All,
}

impl Target {
    /// The name of the room, if it is one that has a name.
    pub fn room_name(&self) -> Option<&Arc<str>> {
        match self {
            Self::OwnRoom(member) => Some(member.own_room.name()),
            Self::Room(name) => Some(name),
            Self::Rooms(_) | Self::Users(_) | Self::Connection(_) | Self::All => None,
        }
    }
}
