//! What a channel may send: the messages in its `sends(..)`, raw text, and binary data.

use crate::channel::text::Text;
use crate::protocol::envelope::Envelope;
use crate::protocol::message::Message;

/// A message that channel `C` lists in `sends(..)`.
#[diagnostic::on_unimplemented(
    message = "`{C}` does not send `{Self}`",
    label = "not in `sends(..)` of `{C}`",
    note = "if `{Self}` is a message, list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`; it is sent by value, one at a time",
    note = "if it is text or other data, it goes into a field of a message: `#[message(type = \"line\")] struct Line {{ text: String }}`, listed in `sends(..)`; a fault is sent by `socket.send_fault(&fault)`",
    note = "text that is no message is raw: it is listed as `Text`, and sent by `.send_text(text)`, never by `.send(text)`; a test reads it by `.expect_text()`",
    note = "`socket` and a hub of `{C}` reach connections of `{C}` alone; those of another channel are reached by its own hub, `socket.hub_of::<Other>()`"
)]
pub trait SentBy<C>: Message {
    /// The channel's, so that a send needs no bound on the channel.
    #[doc(hidden)]
    type Envelope: Envelope;
}

/// A channel with `Bytes` in `sends(..)`: it may send raw bytes, beside binary messages that are types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sends no raw bytes",
    label = "no `Bytes` in `sends(..)` of `{Self}`",
    note = "list them: `#[channel(sends(.., Bytes))] impl {Self} {{ .. }}`"
)]
pub trait SendsBytes {}

/// A channel with `Text` in `sends(..)`: it may send raw text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sends no raw text",
    label = "no `Text` in `sends(..)` of `{Self}`",
    note = "list it: `#[channel(sends(.., Text))] impl {Self} {{ .. }}`"
)]
pub trait SendsText {}

/// What `Text` in `sends(..)` is.
#[diagnostic::on_unimplemented(
    message = "`Text` in `sends(..)` is raw text, and this is another type",
    label = "not `channel_runtime::Text`",
    note = "if it is a message, give it a name in the list: `sends(.., {Self} as TextMessage)`"
)]
pub trait IsText {}

impl IsText for Text {}

/// For the expansion of `sends(.., Text)`.
pub const fn is_text<T: IsText>() {}
