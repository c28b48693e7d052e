//! A frame that is to be written.

use std::fmt;

use serde::Serialize;

use crate::protocol::codec::{EncodeError, InFinite};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// What is to be written. The payload is [`Out::payload`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Outgoing<'a> {
    /// A message that answers nothing, to one client or to many: it is encoded once.
    Message {
        /// The message's type.
        kind: &'a str,
        /// The declared room that it is sent to; with [`topics`](super::Places::topics) the topic.
        room: Option<&'a str>,
    },
    /// A message that the peer is to answer.
    Question {
        /// The message's type.
        kind: &'a str,
        /// What the answer is to name.
        reference: &'a Ref,
        /// As of a message.
        room: Option<&'a str>,
    },
    /// An answer.
    Answer {
        /// The type, if the answer is a message. `None` for `Success` and `()`.
        kind: Option<&'a str>,
        /// What it answers.
        reference: &'a Ref,
        /// As of a message.
        room: Option<&'a str>,
    },
    /// An error. It has no payload.
    Failure {
        /// The error.
        fault: &'a Fault,
        /// What it answers. `None` if it answers nothing that has a name.
        reference: Option<&'a Ref>,
        /// As of a message.
        room: Option<&'a str>,
    },
}

type WritePayload<'a> = dyn Fn(&mut Vec<u8>) -> Result<(), EncodeError> + 'a;

/// Where a frame is written.
pub struct Out<'a> {
    buffer: &'a mut Vec<u8>,
    payload: &'a WritePayload<'a>,
    is_empty: bool,
    result: Result<(), EncodeError>,
    kind: &'static str,
}

impl<'a> Out<'a> {
    pub(super) fn new(
        kind: &'static str,
        buffer: &'a mut Vec<u8>,
        payload: &'a WritePayload<'a>,
        is_empty: bool,
    ) -> Self {
        Self { buffer, payload, is_empty, result: Ok(()), kind }
    }

    /// The first error.
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        self.result
    }

    /// Appends a text as it is.
    #[inline]
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.buffer.extend_from_slice(text.as_bytes());
        self
    }

    /// Appends a value as JSON. If it can't be written, or has a number that is NaN or infinite, nothing is sent.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        if self.result.is_ok() {
            let written = InFinite(value).serialize(&mut serde_json::Serializer::new(&mut *self.buffer));
            self.result = written.map_err(|source| EncodeError::Payload { kind: self.kind, source });
        }
        self
    }

    /// Appends the payload as JSON: the message without its type, or what a `Success` holds; `null` if there is none.
    pub fn payload(&mut self) -> &mut Self {
        if self.result.is_ok() {
            self.result = (self.payload)(self.buffer);
        }
        self
    }

    /// Whether there is no payload, because the handler returned `()`.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }
}

impl fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("is_empty", &self.is_empty).finish_non_exhaustive()
    }
}
