//! What the rooms of a channel keep, as the registry takes it.

use crate::channel::{Channel, history};
use crate::protocol::history::History;
use crate::room::channel_rooms::HistoryOf;
use crate::room::log::Limits;

/// `None` if no room of the channel has history. `has_snapshot`: it tells who begins anew the state of its path's room.
pub(crate) const fn of<C: Channel>(has_snapshot: bool) -> Option<HistoryOf> {
    match (history::is_kept::<C>(), has_snapshot) {
        (false, _) => None,
        (true, false) => Some(limits::<C>),
        (true, true) => Some(limits_with_snapshot::<C>),
    }
}

fn limits<C: Channel>(room: &str) -> Option<Limits> {
    let History { size, bytes, age, recent } = history::of_room::<C>(room)?;
    Some(Limits { size, bytes, age, recent, has_snapshot: false })
}

fn limits_with_snapshot<C: Channel>(room: &str) -> Option<Limits> {
    Some(Limits { has_snapshot: room.starts_with('/'), ..limits::<C>(room)? })
}
