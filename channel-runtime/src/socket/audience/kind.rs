//! What an audience is known to be, and what can be done with it therefore.

/// The audience is the room of a connection's own path: it has the path's room state.
#[derive(Debug)]
pub enum OwnRoom {}

/// The audience is one room, or all of a channel: it has a number of members that holds while a message is made.
#[derive(Debug)]
pub enum OneRoom {}

/// The audience is one connection, or nobody.
#[derive(Debug)]
pub enum OneConnection {}

/// The audience is a set of any kind.
#[derive(Debug)]
pub enum Many {}

/// An audience that is one room: [`OwnRoom`] or [`OneRoom`].
pub trait IsOneRoom: sealed::Sealed {}

impl IsOneRoom for OwnRoom {}
impl IsOneRoom for OneRoom {}

/// An audience that may be several clients: all but [`OneConnection`].
pub trait IsSeveral: sealed::Sealed {}

impl IsSeveral for OwnRoom {}
impl IsSeveral for OneRoom {}
impl IsSeveral for Many {}

/// The audience is the room of a connection's own path, whose state is at hand: [`OwnRoom`].
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
