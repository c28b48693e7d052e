//! Whom an audience means, as it was named.

use std::sync::Arc;

use crate::channel::identity::key_of;
use crate::channel::room::RoomOf;
use crate::channel::users::{HasUsers, UserOf};
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
    pub fn room<C: 'static>(room: &(impl RoomOf<C> + ?Sized)) -> Self {
        Self::Room(Arc::clone(room.room().key()))
    }

    pub fn rooms<C: 'static>(rooms: impl IntoIterator<Item: RoomOf<C>>) -> Self {
        Self::Rooms(rooms.into_iter().map(|room| Arc::clone(room.room().key())).collect())
    }

    pub fn users<C: HasUsers>(users: impl IntoIterator<Item: UserOf<C>>) -> Self {
        Self::Users(users.into_iter().map(|user| key_of(user.as_user_name())).collect())
    }
}
