//! Sending a message of which only the channel's set is known, as it was read from elsewhere.

use super::Audience;
use crate::channel::Channel;
use crate::protocol::codec::{Head, binary_kind, encode_binary_one_of};
use crate::protocol::envelope::Envelope;
use crate::protocol::message::Messages as _;
use crate::room::class::Class;
use crate::room::newest::Key;
use crate::room::sent::Sent;
use crate::socket::class::class;
use crate::socket::frames::{frame_of, text_of};
use crate::wire::frame::Opcode;

impl<C: Channel, K> Audience<C, K> {
    /// As [`send`](Self::send).
    pub(crate) fn send_one_of(&self, message: &C::ToClient) -> Sent {
        let shape = C::ToClient::SHAPES.get(message.index());
        let class = shape.map_or(Class::Reliable, |shape| class(shape.delivery, shape.wire_type));
        let key = matches!(class, Class::Latest(_)).then(|| Key::from(message.newest_key()));
        let Some(kind) = binary_kind(message) else {
            return self.deliver::<C::Envelope>(class, key.as_ref(), |room| {
                let head = Head { reference: None, room };
                text_of(self.keeps(class), |json| C::Envelope::encode_one_of(message, head, json))
            });
        };
        self.deliver_binary(class, key.as_ref(), || {
            frame_of(Opcode::Binary, |out| encode_binary_one_of(kind, message, out))
        })
    }
}
