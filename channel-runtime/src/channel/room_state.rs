//! How the state of a channel's rooms begins: by `on_room_open`, or by the type's `Default`.

use crate::channel::Channel;
use crate::protocol::const_text::ConstText;

/// Fails, in a constant, if a channel has neither.
#[track_caller]
pub const fn made<C: Channel>() {
    if let (false, (state, None)) = (C::OPENS_ROOMS, C::INITIAL_STATE) {
        let text = ConstText::concat(&[
            "the room's state, `",
            state,
            "`, has no `Default`\nderive or implement it, or make the state in `async fn on_room_open(room: &Room<Self>) -> Result<",
            state,
            ", Fault>`",
        ]);
        panic!("{}", text.as_str());
    }
}

pub(crate) fn initial<C: Channel>() -> Option<C::RoomState> {
    if C::OPENS_ROOMS {
        return None;
    }
    C::INITIAL_STATE.1.map(|new| new())
}
