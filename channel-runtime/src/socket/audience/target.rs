//! Whom an audience means, as it was named.

use std::sync::Arc;

use crate::room::member::{Connection, ConnectionId};
use crate::room::registry::UserKey;

#[derive(Clone)]
pub(crate) enum Target {
    /// The room of this connection's path.
    OwnRoom(Arc<Connection>),
    /// The room of this name.
    Room(Arc<str>),
    /// The rooms of these names.
    Rooms(Vec<Arc<str>>),
    Users(Vec<UserKey>),
    Connection(ConnectionId),
    /// All connections of the channel.
    All,
}
