//! Whom an audience means, as it was named.

use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::member::Member;

#[derive(Clone)]
pub(crate) enum Target {
    /// The room of this member's path.
    OwnRoom(Arc<Member>),
    Room(Arc<str>),
    Rooms(Vec<Arc<str>>),
    Users(Vec<UserKey>),
    Connection(ConnectionId),
    /// All connections of the channel.
    All,
}
