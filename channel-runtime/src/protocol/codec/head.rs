//! The protocol's own keys of an outgoing frame, beside its type.

use crate::protocol::message::Ref;

/// The `ref` and the `$room` of an outgoing frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The `ref` of the message that the frame answers. `None` if it answers none.
    pub reference: Option<&'a Ref>,
    /// The room that the frame was sent to. `None` for the path's own room.
    pub room: Option<&'a str>,
}
