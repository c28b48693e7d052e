//! The names of a channel's rooms, as the expansions make them.

use std::fmt::Display;

use crate::channel::Route;
use crate::channel::room::Room;

/// The path's own room for these parameters.
pub fn path_room<C: Route>(values: &[&dyn Display]) -> Room<C> {
    Room::of_path(C::PATH.render(values))
}

/// The room of a declared kind; `kind` is the type's name in snake case.
pub fn declared_room<C>(kind: &str, key: &dyn Display) -> Room<C> {
    Room::declared(kind, key)
}

/// A key of a declared kind of room.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a room",
    label = "the key of a room implements `Display`",
    note = "implement `std::fmt::Display` for `{Self}`: its text is the room's name, and different rooms write different texts"
)]
pub trait RoomKey {
    /// The key as text.
    fn shown(&self) -> &dyn Display;
}

#[diagnostic::do_not_recommend]
impl<K: Display> RoomKey for K {
    fn shown(&self) -> &dyn Display {
        self
    }
}
