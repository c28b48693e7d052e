//! Messages that a client receives, decoded.

use std::fmt;

use bytes::Bytes;

use crate::protocol::codec::{DecodeError, ReceivedBody, ReceivedText, decode_binary, index_of_kind};
use crate::protocol::envelope::Envelope;
use crate::protocol::halves::Protocol;
use crate::protocol::message::Ref;

/// A message that a client of channel `C` received: for typed clients and for tests.
///
/// ```
/// # use channel_runtime::{Protocol, Received, ReceivedBody};
/// # fn example<GameChannel: Protocol>() -> Result<(), channel_runtime::DecodeError> {
/// let received = Received::<GameChannel>::from_text(r#"{"type":"error","ref":7,"code":"game.full",
///     "message":"Game is full","timestamp":"2026-11-23T05:49:36Z"}"#)?;
///
/// assert_eq!(received.reference, Some(7.into()));
/// assert!(matches!(received.body, ReceivedBody::Error { fault, .. } if fault.code == "game.full"));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub struct Received<C: Protocol> {
    /// The `ref` of the message that this answers. `None` if it answers none.
    pub reference: Option<Ref>,
    /// The room that it was sent to. `None` for the path's own room.
    pub room: Option<String>,
    /// The content of the message.
    pub body: ReceivedBody<C::ToClient>,
}

impl<C: Protocol> Received<C> {
    /// Reads a text message from the server, in the channel's envelope. In the framework's own, keys that start with `$` are ignored,
    /// except `$room`. In another, the answer to a message is a [`Success`](ReceivedBody::Success), whatever it is, because its frame
    /// has no place for a type; an error has no `timestamp`, and what belongs to a topic has it as `room`.
    ///
    /// # Errors
    /// If it is no message, or a message of a known type whose fields do not fit.
    pub fn from_text(text: &str) -> Result<Self, DecodeError> {
        let ReceivedText { reference, room, body } = C::Envelope::receive(text)?;
        Ok(Self { reference, room, body })
    }
}

impl<C: Protocol> Received<C> {
    /// Reads a binary message from the server: one of the channel's own, known by its first byte.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Binary`] if it is of no kind that this client knows, and what `from_bytes` or the codec refuses.
    pub fn from_binary(message: Bytes) -> Result<Self, DecodeError> {
        let index = index_of_kind::<C::ToClient>(&message).ok_or(DecodeError::Binary)?;
        let body = ReceivedBody::Message(decode_binary(index, message)?);
        Ok(Self { reference: None, room: None, body })
    }
}

impl<C: Protocol> fmt::Debug for Received<C>
where
    C::ToClient: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("reference", &self.reference)
            .field("room", &self.room)
            .field("body", &self.body)
            .finish()
    }
}
