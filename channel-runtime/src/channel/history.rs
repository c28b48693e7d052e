//! Which rooms of a channel have a history.

use crate::channel::Route;
use crate::channel::room::RoomName;
use crate::protocol::history::History;

/// That of the room with this name. `None` if nothing of it is kept.
pub(crate) fn of_room<C: Route>(name: &str) -> Option<History> {
    match RoomName::of(name) {
        RoomName::Path => C::HISTORY,
        RoomName::Declared(name) => {
            let (kind, _) = name.split_once(':')?;
            C::HISTORIES.iter().find(|(other, _)| *other == kind).map(|(_, history)| *history)
        }
        RoomName::All => None,
    }
}

/// Whether any room of the channel has one.
pub(crate) const fn is_kept<C: Route>() -> bool {
    C::HISTORY.is_some() || !C::HISTORIES.is_empty()
}
