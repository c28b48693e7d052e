//! The names of rooms: of a path's own room, and of rooms of declared kinds.

use std::fmt::{self, Display};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::protocol::address::Address;

/// Names a room of channel `C`: its path's, or one of a kind declared with `rooms(..)`.
///
/// `#[channel]` generates a constructor for the path's: `GameChannel::room(&id)`.
pub struct Room<C> {
    /// An encoded path, which begins with a slash; or a kind, a colon and the key.
    name: Arc<str>,
    channel: PhantomData<fn() -> C>,
}

impl<C> Room<C> {
    pub(crate) fn of_path(path: String) -> Self {
        Self { name: path.into(), channel: PhantomData }
    }

    pub(crate) fn declared(kind: &str, key: &dyn Display) -> Self {
        Self { name: format!("{kind}:{key}").into(), channel: PhantomData }
    }

    pub(crate) fn of_key(name: Arc<str>) -> Self {
        Self { name, channel: PhantomData }
    }

    /// The encoded path of the path's own room, below the mount point: `/game/42`. `None` for a room of a declared kind.
    pub fn path(&self) -> Option<&str> {
        self.name.starts_with('/').then_some(&*self.name)
    }

    /// The value of `"$room"`: the encoded path, or the kind in snake case, a colon and the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn key(&self) -> &Arc<str> {
        &self.name
    }
}

pub(crate) enum RoomName<'a> {
    Path,
    Declared(&'a str),
    /// `*`: the room of all connections of a channel.
    All,
}

impl<'a> RoomName<'a> {
    pub fn of(name: &'a str) -> Self {
        match name {
            "*" => Self::All,
            path if path.starts_with('/') => Self::Path,
            declared => Self::Declared(declared),
        }
    }

    pub fn is_path(&self) -> bool {
        matches!(self, Self::Path)
    }

    /// The value of `"$room"` in frames to the room. `None` if they name no room.
    pub fn on_the_wire(self) -> Option<&'a str> {
        match self {
            Self::Declared(name) => Some(name),
            Self::Path | Self::All => None,
        }
    }
}

impl<C> Clone for Room<C> {
    fn clone(&self) -> Self {
        Self { name: Arc::clone(&self.name), channel: PhantomData }
    }
}

impl<C> fmt::Debug for Room<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.name).finish()
    }
}

impl<C> Display for Room<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<C> PartialEq for Room<C> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<C> Eq for Room<C> {}

impl<C> Hash for Room<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// What names a room of channel `C`: a [`Room<C>`], or a key of a kind that `rooms(..)` declares.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no room of `{C}`",
    label = "not a room of `{C}`",
    note = "a room is named by `&{C}::room(..)`, or by a key of one of the kinds in `rooms(..)` on `struct {C}`, such as `&Kind(..)`",
    note = "another kind is a type of your own that is `Display`, such as `struct Name(String);`, and declared: `#[channel(\"..\", rooms(.., Name))] struct {C}`"
)]
pub trait RoomOf<C> {
    /// The room of this name.
    fn room(&self) -> Room<C>;
}

impl<C> RoomOf<C> for Room<C> {
    fn room(&self) -> Room<C> {
        self.clone()
    }
}

impl<C> Address<C> for Room<C> {
    fn path(&self) -> Option<&str> {
        Self::path(self)
    }
}

#[diagnostic::do_not_recommend]
impl<C, K: RoomOf<C> + ?Sized> RoomOf<C> for &K {
    fn room(&self) -> Room<C> {
        K::room(self)
    }
}

/// A key of a kind that `rooms(..)` declares: such rooms can be joined and left, the path's own can't.
#[diagnostic::on_unimplemented(
    message = "`{C}` has no rooms of kind `{Self}`",
    label = "not a kind of room of `{C}`",
    note = "a key is of one of the kinds in `rooms(..)` on `struct {C}`, such as `&Kind(..)`",
    note = "another kind is a type of your own that is `Display`, such as `struct Name(String);`, and declared: `#[channel(\"..\", rooms(.., Name))] struct {C}`",
    note = "a channel's own room, that of its path, is neither joined nor left"
)]
pub trait RoomKind<C>: RoomOf<C> {}
