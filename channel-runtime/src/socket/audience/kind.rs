//! The kinds of audience: one room, several clients, or one. They decide which methods an audience has.

/// The audience is the room of a connection's own path. It has the path's room state.
#[derive(Debug)]
pub enum OwnRoom {}

/// The audience is one room, or all of a channel. Its number of members is fixed while a message is made.
#[derive(Debug)]
pub enum OneRoom {}

/// The audience is one connection, or nobody.
#[derive(Debug)]
pub enum OneConnection {}

/// The audience is any other set: users, or several rooms.
#[derive(Debug)]
pub enum Many {}

/// An audience that is one room: [`OwnRoom`] or [`OneRoom`].
pub trait IsOneRoom: sealed::Sealed {}

impl IsOneRoom for OwnRoom {}
impl IsOneRoom for OneRoom {}

/// An audience that may be several clients: every kind but [`OneConnection`].
pub trait IsSeveral: sealed::Sealed {}

impl IsSeveral for OwnRoom {}
impl IsSeveral for OneRoom {}
impl IsSeveral for Many {}

/// An audience that is the room of a connection's own path, with its state: [`OwnRoom`].
#[diagnostic::on_unimplemented(
    message = "this audience has no state",
    label = "not the room of the handler's own path",
    note = "in a handler that room is `socket.room()`; from outside it is `hub.with_room(&Chat::room(..), |state, room| ..)`"
)]
pub trait IsOwnRoom: sealed::Sealed {}

impl IsOwnRoom for OwnRoom {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Many {}
    impl Sealed for super::OwnRoom {}
    impl Sealed for super::OneRoom {}
}
