//! What a channel's wire protocol is, for its clients too.

use crate::protocol::envelope::Envelope;
use crate::protocol::message::Messages;

/// The two halves of a channel's wire protocol.
///
/// `#[channel]` on the impl block implements it. The client's side ([`Received`](crate::Received)) needs nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` handles no messages",
    label = "this channel has no handlers",
    note = "put `#[channel]` on `impl {Self} {{ .. }}`, even where the block is empty"
)]
pub trait Protocol: Sized + 'static {
    /// All messages that clients may send, such as `GameChannelFromClient`.
    type FromClient: Messages;
    /// All messages that the channel sends, such as `GameChannelToClient`.
    type ToClient: Messages;
    /// How they stand in a text: [`Flat`](crate::envelope::Flat), or what `envelope = ..` names.
    type Envelope: Envelope;
}
