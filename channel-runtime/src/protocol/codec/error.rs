//! The errors of decoding and encoding messages.

use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::depth;
use crate::protocol::fault::Fault;

/// Text from the peer that an error repeats is cut to this many bytes.
const REPEATED: usize = 256;

/// What is wrong with a message from the peer.
///
/// Lines and columns count from 1, and columns count bytes. They are the place up to which the text was read when the error was
/// found. Repeated text of the peer is cut to 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The text is no message: not JSON, not an object, nested deeper than 127 levels, with a `type` that is missing, given twice
    /// or no string, or with a `ref` that is given twice or invalid.
    Malformed {
        /// What was wrong.
        reason: String,
        /// The line in the text.
        line: usize,
        /// The column in that line.
        column: usize,
    },
    /// The channel's [`Envelope`](crate::Envelope) refuses the text with a code of its own, or the message names a topic that is
    /// not the connection's: then the code is `unknown_topic`.
    Envelope {
        /// The code of the fault.
        code: Cow<'static, str>,
        /// What was wrong.
        reason: String,
        /// The line in the text.
        line: usize,
        /// The column in that line.
        column: usize,
    },
    /// The `type` is not known here.
    UnknownType {
        /// The `type`.
        kind: String,
    },
    /// The `type` is known, but the other fields do not fit.
    InvalidPayload {
        /// The `type`.
        kind: String,
        /// The path of the field, such as `from.x` or `moves[2]`, also of a missing one; empty if the message as a whole is wrong.
        path: String,
        /// What was wrong with it.
        reason: String,
        /// The line in the text.
        line: usize,
        /// The column in that line.
        column: usize,
    },
    /// The message is well formed, but breaks rules of its struct: see `validate` of [`macro@crate::message`].
    Validation {
        /// The `type`.
        kind: String,
        /// The fields that break a rule, and how: at least one, and at most 16.
        fields: Vec<InvalidField>,
    },
    /// The message is binary, and the channel has neither an `on_binary` nor binary messages of its own. If it has some, a message of
    /// another kind is of an [unknown type](Self::UnknownType), such as `(binary 7)`.
    Binary,
    /// The message is binary and of a kind that is known, but its `from_bytes` or codec refuses what follows.
    InvalidBinary {
        /// The type, such as `(binary 1) pixel`.
        kind: String,
        /// The error of `from_bytes` or of the codec.
        reason: String,
    },
}

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvalidField {
    /// The path of the field, such as `player.name` or `moves[2]`; empty if the message as a whole breaks a rule. The message's own
    /// fields have their keys on the wire here; the fields of structs in it have their names in Rust. Cut to 256 bytes.
    pub path: String,
    /// How the field breaks the rule, in the rule's words. Cut to 256 bytes.
    pub message: String,
}

impl InvalidField {
    /// At most this many fields of a message are reported.
    #[cfg(feature = "garde")]
    pub(crate) const MOST: usize = 16;

    #[cfg(feature = "garde")]
    pub(crate) fn new(path: String, message: &str) -> Self {
        Self { path: cut(path), message: cut(message.to_owned()) }
    }
}

impl DecodeError {
    pub(crate) fn malformed(error: &serde_json::Error) -> Self {
        Self::Malformed { reason: reason(error), line: error.line(), column: error.column() }
    }

    /// For a text of another envelope, at its beginning.
    pub(crate) fn no_message(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned(), line: 1, column: 1 }
    }

    pub(crate) fn unknown_topic() -> Self {
        let (code, reason) = (Cow::Borrowed("unknown_topic"), "the topic is not the connection's".to_owned());
        Self::Envelope { code, reason, line: 1, column: 1 }
    }

    /// Moves the place of the error, which is that in a slice, behind what stands before the slice.
    pub(super) fn behind(mut self, before: &str) -> Self {
        if let Self::InvalidPayload { line, column, .. } = &mut self {
            let (lines_before, column_before) = depth::position(before, before.len());
            if *line == 1 {
                *column += column_before - 1;
            }
            *line += lines_before - 1;
        }
        self
    }

    pub(crate) fn unknown_type(kind: &str) -> Self {
        Self::UnknownType { kind: cut(kind.to_owned()) }
    }

    pub(super) fn invalid_payload(kind: &str, path: &serde_path_to_error::Path, error: &serde_json::Error) -> Self {
        let mut path = if path.iter().len() == 0 { String::new() } else { path.to_string() };
        let (reason, line, column) = (reason(error), error.line(), error.column());
        if let Some(field) = missing(&reason) {
            // The path leads to the object that lacks the field.
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(field);
        }
        Self::InvalidPayload { kind: kind.to_owned(), path: cut(path), reason, line, column }
    }

    pub(super) fn invalid_binary(kind: &str, reason: String) -> Self {
        Self::InvalidBinary { kind: kind.to_owned(), reason: cut(reason) }
    }

    /// The error for a number that does not fit its field, which is found after the whole message was read.
    pub(super) fn too_large(kind: &str, path: &serde_path_to_error::Path, (line, column): (usize, usize)) -> Self {
        let reason = "a number is too large for its type".to_owned();
        Self::InvalidPayload { kind: kind.to_owned(), path: cut(path.to_string()), reason, line, column }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { reason, line, column } | Self::Envelope { reason, line, column, .. } => {
                write!(f, "malformed message: {reason} at line {line} column {column}")
            }
            Self::UnknownType { kind } => write!(f, "unknown message type {kind:?}"),
            Self::InvalidPayload { kind, path, reason, line, column } => {
                write!(f, "invalid message of type {kind:?}: ")?;
                if !path.is_empty() {
                    write!(f, "`{path}`: ")?;
                }
                write!(f, "{reason} at line {line} column {column}")
            }
            Self::Validation { kind, fields } => {
                write!(f, "invalid message of type {kind:?}: ")?;
                for (at, InvalidField { path, message }) in fields.iter().enumerate() {
                    f.write_str(if at > 0 { "; " } else { "" })?;
                    if !path.is_empty() {
                        write!(f, "`{path}`: ")?;
                    }
                    f.write_str(message)?;
                }
                Ok(())
            }
            Self::Binary => f.write_str("binary messages are not taken here"),
            Self::InvalidBinary { kind, reason } => write!(f, "invalid message of type {kind:?}: {reason}"),
        }
    }
}

impl Error for DecodeError {}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        error.fault(true)
    }
}

impl DecodeError {
    /// The fault for the peer: with all details, or only the kind of error and the field. Texts of rules are always included.
    pub(crate) fn fault(self, detailed: bool) -> Fault {
        let message = if detailed { self.to_string() } else { self.outline().to_owned() };
        match self {
            Self::Malformed { line, column, .. } => {
                let fault = Fault::new(Fault::MALFORMED, message);
                if detailed { fault.with_details(json!({ "line": line, "column": column })) } else { fault }
            }
            Self::Envelope { code, line, column, .. } => {
                let fault = Fault::framework(code, message);
                if detailed { fault.with_details(json!({ "line": line, "column": column })) } else { fault }
            }
            Self::UnknownType { .. } | Self::Binary => Fault::new(Fault::UNKNOWN_TYPE, message),
            Self::InvalidBinary { .. } => Fault::new(Fault::INVALID_PAYLOAD, message),
            Self::Validation { kind, fields } => {
                let message = if detailed { format!("{} of type {kind:?}", Self::INVALID) } else { message };
                Fault::validation(message).with_details(json!({ "fields": fields }))
            }
            Self::InvalidPayload { path, line, column, .. } => {
                let fault = Fault::new(Fault::INVALID_PAYLOAD, message);
                match (detailed, path.is_empty()) {
                    (true, true) => fault.with_details(json!({ "line": line, "column": column })),
                    (true, false) => fault.with_details(json!({ "path": path, "line": line, "column": column })),
                    (false, true) => fault,
                    (false, false) => fault.with_details(json!({ "path": path })),
                }
            }
        }
    }

    const INVALID: &str = "invalid message";

    fn outline(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::Envelope { .. } => "malformed message",
            Self::UnknownType { .. } => "unknown message type",
            Self::InvalidPayload { .. } | Self::Validation { .. } | Self::InvalidBinary { .. } => Self::INVALID,
            Self::Binary => "binary messages are not taken here",
        }
    }
}

/// Why a message can't be encoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The payload is no JSON object.
    NotAnObject {
        /// The message's `type`.
        kind: &'static str,
        /// What the payload is instead.
        found: &'static str,
    },
    /// The payload has a key that belongs to the protocol: `type`, `ref`, or one that starts with `$`.
    ReservedKey {
        /// The message's `type`.
        kind: &'static str,
        /// The key.
        key: String,
    },
    /// The payload's own `Serialize` failed.
    Payload {
        /// The message's `type`.
        kind: &'static str,
        /// The error of the payload.
        source: serde_json::Error,
    },
    /// The channel's [`Envelope`](crate::Envelope) writes nothing for it.
    NoPlace {
        /// The message's type; `success` and `error` for answers that are no messages.
        kind: &'static str,
    },
    /// A binary message's `to_bytes` or codec failed.
    Binary {
        /// The message's type, such as `(binary 1) pixel`.
        kind: &'static str,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject { kind, found } => {
                write!(f, "the payload of a message of type {kind:?} is {found}, not an object")
            }
            Self::ReservedKey { kind, key } => {
                write!(f, "the payload of a message of type {kind:?} has the reserved key {key:?}")
            }
            Self::Payload { kind, source } => write!(f, "a message of type {kind:?} can't be written: {source}"),
            Self::NoPlace { kind } => {
                write!(f, "the channel's envelope has no place for a message of type {kind:?} here, and writes nothing")
            }
            Self::Binary { kind, reason } => write!(f, "a message of type {kind:?} can't be written: {reason}"),
        }
    }
}

impl Error for EncodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Payload { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Kept beside the serializer, whose own error is only a text.
pub(super) enum EncodeRefusal {
    NotAnObject(&'static str),
    ReservedKey(String),
}

impl EncodeRefusal {
    /// Returns the serializer's error.
    #[cold]
    pub(super) fn leave<E: serde::ser::Error>(self, cell: &Cell<Option<Self>>) -> E {
        let error = E::custom(&self);
        cell.set(Some(self));
        error
    }
}

impl fmt::Display for EncodeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject(found) => write!(f, "the payload is {found}, not an object"),
            Self::ReservedKey(key) => write!(f, "the payload has the reserved key {key:?}"),
        }
    }
}

/// Without the position, which serde_json appends.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    if let Some(reason) = text.strip_suffix(&position) {
        text.truncate(reason.len());
    }
    cut(text)
}

/// From serde's text, because serde_json's errors do not have the missing field as data.
fn missing(reason: &str) -> Option<&str> {
    reason.strip_prefix("missing field `")?.strip_suffix('`')
}

pub(crate) fn cut(mut text: String) -> String {
    if text.len() > REPEATED {
        text.truncate(text.floor_char_boundary(REPEATED - '…'.len_utf8()));
        text.push('…');
    }
    text
}
