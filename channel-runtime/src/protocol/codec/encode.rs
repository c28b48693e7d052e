//! From messages to JSON text.

use std::cell::Cell;

use super::error::EncodeError;
use super::object::{ObjectSerializer, Refusal};
#[cfg(any(feature = "server", test))]
use crate::protocol::message::Message;
use crate::protocol::message::{Messages, Ref};

/// What an outgoing frame says beside its type and payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The `ref` that it answers.
    pub reference: Option<&'a Ref>,
    /// Its room, where that is not the path's own.
    pub room: Option<&'a str>,
}

type Json<'o> = serde_json::Serializer<&'o mut Vec<u8>>;

/// Appends a message.
///
/// # Errors
///
/// Where the payload is no object, has a reserved key, or does not serialize; nothing is appended then.
#[cfg(any(feature = "server", test))]
pub(crate) fn encode<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(M::TYPE, head, out, |serializer| message.serialize(serializer))
}

/// Appends one of a set of messages.
///
/// # Errors
///
/// As `encode`'s.
pub fn encode_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(T::TYPES[message.index()], head, out, |serializer| message.encode(serializer))
}

/// Appends what `write` serializes, or nothing.
#[inline]
pub(super) fn append(
    kind: &'static str,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl FnOnce(ObjectSerializer<'_, &mut Json<'_>>) -> serde_json::Result<()>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let refusal = Cell::new(None);
    let mut json = serde_json::Serializer::new(&mut *out);
    let written = write(ObjectSerializer::new(&mut json, kind, head, &refusal));
    written.map_err(|source| {
        out.truncate(start);
        match refusal.take() {
            Some(Refusal::NotAnObject(found)) => EncodeError::NotAnObject { kind, found },
            Some(Refusal::ReservedKey(key)) => EncodeError::ReservedKey { kind, key },
            None => EncodeError::Payload { kind, source },
        }
    })
}
