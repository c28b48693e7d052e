//! What the rooms of a channel keep, as the registry takes it.

use crate::channel::{Channel, history};
use crate::protocol::history::History;
use crate::room::channel_rooms::HistoryOf;
use crate::room::log::Limits;

/// `None` if no room of the channel has history.
pub(crate) const fn of<C: Channel>() -> Option<HistoryOf> {
    if history::is_kept::<C>() { Some(limits::<C>) } else { None }
}

fn limits<C: Channel>(room: &str) -> Option<Limits> {
    let History { size, bytes, age, recent } = history::of_room::<C>(room)?;
    Some(Limits { size, bytes, age, recent })
}
