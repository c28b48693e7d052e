//! What the hook `snapshot` may return, and the frame that is made of it.

use crate::channel::room::Room;
use crate::channel::{Channel, SentBy};
use crate::protocol::codec::{self, EncodeError, Head};
use crate::protocol::envelope::{Envelope, in_topic};
use crate::socket::frames::frame_of;
use crate::wire::frame::{Frame, Opcode};

/// The frame with a room's state, for a client that comes fresh.
#[derive(Debug)]
pub struct Snapshot(Option<Frame>);

impl Snapshot {
    pub(crate) const NOTHING: Self = Self(None);

    /// `None` if there is nothing to send.
    pub(crate) fn into_frame(self) -> Option<Frame> {
        self.0
    }
}

/// What the hook `snapshot` of channel `C` may return.
#[diagnostic::on_unimplemented(
    message = "`snapshot` of `{C}` cannot return `{Self}`",
    label = "not what `snapshot` returns",
    note = "if it is a message, list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`",
    note = "else put it into a field of one: `snapshot` returns a message, or an `Option` of it"
)]
pub trait SnapshotReply<C> {
    /// As the frame that the client is sent.
    fn into_snapshot(self, channel: &C) -> Result<Snapshot, EncodeError>;
}

impl<C: Channel, M: SentBy<C>> SnapshotReply<C> for M {
    fn into_snapshot(self, channel: &C) -> Result<Snapshot, EncodeError> {
        let frame = match M::KIND {
            None => {
                // Only a topic is made of the room's name.
                let room = const { M::Envelope::PLACES.has_topics() }.then(|| channel.own_room());
                let path = room.as_ref().map_or("", Room::name);
                in_topic::<M::Envelope, _>(Head::default(), path, |head| {
                    frame_of(Opcode::Text, |json| M::Envelope::encode(&self, head, json))
                })
            }
            Some(kind) => frame_of(Opcode::Binary, |out| codec::encode_binary(kind, &self, out)),
        };
        frame.map(|frame| Snapshot(Some(frame)))
    }
}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: SnapshotReply<C>> SnapshotReply<C> for Option<R> {
    fn into_snapshot(self, channel: &C) -> Result<Snapshot, EncodeError> {
        match self {
            Some(reply) => reply.into_snapshot(channel),
            None => Ok(Snapshot::NOTHING),
        }
    }
}

/// What `snapshot` returned.
pub fn snapshot<C: Channel, R: SnapshotReply<C>>(channel: &C, reply: R) -> Result<Snapshot, EncodeError> {
    reply.into_snapshot(channel)
}
