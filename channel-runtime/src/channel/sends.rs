//! What a channel may send: the messages in its `sends(..)`, and binary data.

use crate::protocol::message::Message;

/// A message that channel `C` lists in `sends(..)`.
#[diagnostic::on_unimplemented(
    message = "`{C}` does not send `{Self}`",
    label = "not in `sends(..)` of `{C}`",
    note = "if `{Self}` is a message, list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`; it is sent by value, one at a time",
    note = "if it is text or other data, it goes into a field of a message: `#[message(type = \"line\")] struct Line {{ text: String }}`, listed in `sends(..)`; a fault is sent by `socket.send_fault(&fault)`",
    note = "`socket` and a hub of `{C}` reach connections of `{C}` alone; those of another channel are reached by its own hub, `socket.hub_of::<Other>()`"
)]
pub trait SentBy<C>: Message {}

/// A channel with `Bytes` in `sends(..)`: it may send binary messages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sends no binary messages",
    label = "no `Bytes` in `sends(..)` of `{Self}`",
    note = "list them: `#[channel(sends(.., Bytes))] impl {Self} {{ .. }}`"
)]
pub trait SendsBytes {}
