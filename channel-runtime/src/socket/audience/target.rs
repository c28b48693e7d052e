//! From rooms and users, as a program names them, to targets.

use std::sync::Arc;

use crate::channel::identity::key_of;
use crate::channel::room::RoomOf;
use crate::channel::users::{HasUsers, UserOf};
use crate::room::target::Target;

pub(in crate::socket) fn room<C: 'static>(room: &(impl RoomOf<C> + ?Sized)) -> Target {
    Target::Room(Arc::clone(room.room().key()))
}

pub(in crate::socket) fn rooms<C: 'static>(rooms: impl IntoIterator<Item: RoomOf<C>>) -> Target {
    Target::Rooms(rooms.into_iter().map(|room| Arc::clone(room.room().key())).collect())
}

pub(in crate::socket) fn users<C: HasUsers>(users: impl IntoIterator<Item: UserOf<C>>) -> Target {
    Target::Users(users.into_iter().map(|user| key_of(user.as_user_name())).collect())
}
