//! Texts that a client receives in the framework's own envelope, decoded.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decode::decode_into;
use super::error::DecodeError;
use super::incoming_head::IncomingHead;
use crate::protocol::fault::Fault;
use crate::protocol::message::{Messages, Ref};

/// A text from the server, decoded.
pub struct ReceivedText<M> {
    pub reference: Option<Ref>,
    pub room: Option<String>,
    pub body: ReceivedBody<M>,
}

/// The content of a [`Received`](crate::Received) message. `M` are the channel's own messages to its clients.
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

/// Keys that start with `$` are ignored, except `$room`.
pub(crate) fn receive<T: Messages>(text: &str) -> Result<ReceivedText<T>, DecodeError> {
    let mut head = IncomingHead::of_client();
    let body = match decode_into::<_, false>(&mut head, text) {
        Ok(message) => ReceivedBody::Message(message),
        Err(DecodeError::UnknownType { kind }) => match kind.as_str() {
            "success" => ReceivedBody::Success(read_plain::<SuccessFrame>(&kind, text)?.data),
            "error" => read_plain::<ErrorFrame>(&kind, text)?.into(),
            _ => ReceivedBody::Unknown { kind, text: text.to_owned() },
        },
        Err(error) => return Err(error),
    };
    Ok(ReceivedText { reference: head.reference, room: head.room, body })
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

fn read_plain<T: DeserializeOwned>(kind: &str, text: &str) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .map_err(|error| DecodeError::invalid_payload(kind, error.path(), error.inner()))
}
