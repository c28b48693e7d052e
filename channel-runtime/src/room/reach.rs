//! On which channel and in which rooms a user is disconnected or notified.

use std::sync::Arc;

#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The index of a channel in the app. `None` for all, as with `rooms`.
    pub channel: Option<usize>,
    pub rooms: Option<Vec<Arc<str>>>,
}

impl Reach {
    pub fn includes(&self, channel: usize, room: &Arc<str>) -> bool {
        self.channel.is_none_or(|only| only == channel) && self.rooms.as_ref().is_none_or(|rooms| rooms.contains(room))
    }
}
