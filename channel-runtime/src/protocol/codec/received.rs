//! Messages that a client receives, decoded.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::binary::decode_binary;
use super::decode::decode_into;
use super::error::DecodeError;
use super::incoming_head::IncomingHead;
use super::kinds::index_of_kind;
use crate::protocol::fault::Fault;
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

/// The content of a [`Received`] message. `M` are the channel's own messages to its clients.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReceivedBody<M> {
    /// One of the channel's own messages.
    Message(M),
    /// A message was handled. This is the `data` of the answer, or null.
    Success(Value),
    /// A message was not handled, or something else failed.
    Error {
        /// What went wrong.
        fault: Fault,
        /// The time, in the format of RFC 3339.
        timestamp: String,
    },
    /// A type that this client does not know. The server may be newer.
    Unknown {
        /// The `type`, cut to 256 bytes.
        kind: String,
        /// The whole text of the message.
        text: String,
    },
}

impl<C: Protocol> Received<C> {
    /// Reads a text message from the server. Keys that start with `$` are ignored, except `$room`.
    ///
    /// # Errors
    /// If it is no message, or a message of a known type whose fields do not fit.
    pub fn from_text(text: &str) -> Result<Self, DecodeError> {
        let mut head = IncomingHead::of_client();
        let body = match decode_into(&mut head, text) {
            Ok(message) => ReceivedBody::Message(message),
            Err(DecodeError::UnknownType { kind }) => match kind.as_str() {
                "success" => ReceivedBody::Success(read_plain::<SuccessFrame>(&kind, text)?.data),
                "error" => read_plain::<ErrorFrame>(&kind, text)?.into(),
                _ => ReceivedBody::Unknown { kind, text: text.to_owned() },
            },
            Err(error) => return Err(error),
        };
        Ok(Self { reference: head.reference, room: head.room, body })
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

#[derive(Deserialize)]
struct SuccessFrame {
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct ErrorFrame {
    code: String,
    message: String,
    timestamp: String,
    #[serde(default)]
    details: Value,
}

impl<M> From<ErrorFrame> for ReceivedBody<M> {
    fn from(frame: ErrorFrame) -> Self {
        let fault = Fault {
            code: frame.code.into(),
            message: frame.message,
            details: frame.details,
            #[cfg(feature = "server")]
            closes_with: None,
        };
        Self::Error { fault, timestamp: frame.timestamp }
    }
}

/// Reads a frame of the framework from a text that is known to be an object. Unknown keys are ignored, and the protocol's keys too.
fn read_plain<T: DeserializeOwned>(kind: &str, text: &str) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .map_err(|error| DecodeError::invalid_payload(kind, error.path(), error.inner()))
}
