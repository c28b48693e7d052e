//! A received text, taken apart.

use std::borrow::Cow;

use crate::protocol::codec::{self, DecodeError};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// A text from the peer, taken apart. Slices are of the text: nothing is copied.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<'t> {
    /// One message.
    Message(IncomingMessage<'t>),
    /// The answer to a question.
    Answer {
        /// The question's.
        reference: Ref,
        /// The answer as JSON, or the peer's error.
        answer: Result<&'t str, Box<Fault>>,
    },
    /// Several messages. Each is read as a text of its own, and all answers leave in one array.
    Batch(Vec<&'t str>),
}

/// A message as it stands in a text.
///
/// ```
/// use channel_runtime::Ref;
/// use channel_runtime::envelope::{Incoming, IncomingMessage};
///
/// let text = r#"[7,"move",{"to":"e4"}]"#;
/// let message: Incoming<'_> = IncomingMessage::new("move", &text[10..21]).answering(Ref::Number(7)).into();
/// # assert_eq!(&text[10..21], r#"{"to":"e4"}"#);
/// ```
#[derive(Debug)]
pub struct IncomingMessage<'t> {
    pub(crate) kind: Cow<'t, str>,
    pub(crate) payload: &'t str,
    pub(crate) reference: Option<Ref>,
    pub(crate) topic: Option<Cow<'t, str>>,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only a server replies"))]
    pub(crate) or_reply: Vec<String>,
}

impl<'t> IncomingMessage<'t> {
    /// A message of this type. `payload` is JSON.
    #[inline]
    pub fn new(kind: impl Into<Cow<'t, str>>, payload: &'t str) -> Self {
        Self { kind: kind.into(), payload, reference: None, topic: None, or_reply: Vec::new() }
    }

    /// With what its one answer names. At most 128 bytes: a longer one makes the text malformed.
    #[must_use]
    #[inline]
    pub fn answering(self, reference: impl Into<Option<Ref>>) -> Self {
        Self { reference: reference.into(), ..self }
    }

    /// For this topic. If it is not the connection's own, the message is answered by the fault `unknown_topic`.
    #[must_use]
    pub fn on(self, topic: impl Into<Cow<'t, str>>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// The frames that are sent if the channel has no handler of this type, in place of the error `unknown_type`: for what is the
    /// envelope's own affair, such as a heartbeat.
    #[must_use]
    pub fn or_reply(self, frames: Vec<String>) -> Self {
        Self { or_reply: frames, ..self }
    }
}

impl<'t> From<IncomingMessage<'t>> for Incoming<'t> {
    fn from(message: IncomingMessage<'t>) -> Self {
        Self::Message(message)
    }
}

/// A text that is none of the envelope's.
#[derive(Debug)]
pub struct Malformed {
    pub(crate) reason: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reference: Option<Ref>,
    pub(crate) code: Cow<'static, str>,
}

impl Malformed {
    /// For this reason, at the text's beginning.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), line: 1, column: 1, reference: None, code: Fault::MALFORMED.into() }
    }

    pub(super) fn of_json(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column(), ..Self::new(codec::reason(error)) }
    }

    /// At the beginning of this slice of the text. A slice of another text changes nothing.
    #[must_use]
    pub fn at(self, text: &str, slice: &str) -> Self {
        let Some(before) = codec::before(text, slice) else { return self };
        let (line, column) = codec::position(text, before.len());
        Self { line, column, ..self }
    }

    /// With what its answer names.
    #[must_use]
    pub fn answering(self, reference: impl Into<Option<Ref>>) -> Self {
        Self { reference: reference.into(), ..self }
    }

    /// With another code of the fault than [`malformed`](Fault::MALFORMED).
    #[must_use]
    pub fn code(self, code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), ..self }
    }
}

impl From<Malformed> for DecodeError {
    fn from(Malformed { reason, line, column, code, .. }: Malformed) -> Self {
        let reason = codec::cut(reason);
        match &*code {
            Fault::MALFORMED => Self::Malformed { reason, line, column },
            _ => Self::Envelope { code, reason, line, column },
        }
    }
}

impl From<serde_json::Error> for Malformed {
    /// At the error's place, if it was the whole text that was read.
    fn from(error: serde_json::Error) -> Self {
        Self::of_json(&error)
    }
}
