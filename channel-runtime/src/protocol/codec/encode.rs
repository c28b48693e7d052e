//! Encoding: a message becomes JSON text.

use std::cell::Cell;

use super::error::{EncodeError, EncodeRefusal};
use super::head::Head;
use super::object::ObjectSerializer;
#[cfg(any(feature = "server", test))]
use crate::protocol::message::Message;
use crate::protocol::message::Messages;

type Json<'o> = serde_json::Serializer<&'o mut Vec<u8>>;

/// Appends nothing if the payload is no object, has a reserved key, or does not serialize.
#[cfg(any(feature = "server", test))]
pub(crate) fn encode<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append::<false>(M::TYPE, head, out, |serializer| message.serialize(serializer))
}

/// Appends one of a set of messages to `out`.
///
/// # Errors
/// As for `encode`.
pub fn encode_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append::<false>(T::TYPES[message.index()], head, out, |serializer| message.encode(serializer))
}

/// How long the beginning of a message is, up to and with its type: of `{"type":"say"`.
#[cfg(any(feature = "server", test))]
pub(crate) fn type_len(kind: &str) -> usize {
    let kind = serde_json::to_string(kind).expect("a text is JSON");
    r#"{"type":"#.len() + kind.len()
}

#[cfg(any(feature = "server", test))]
pub(crate) fn encode_bare<M: Message>(message: &M, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append::<true>(M::TYPE, Head::default(), out, |serializer| message.serialize(serializer))
}

pub(crate) fn encode_bare_one_of<T: Messages>(message: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append::<true>(T::TYPES[message.index()], Head::default(), out, |serializer| message.encode(serializer))
}

#[inline]
pub(super) fn append<const BARE: bool>(
    kind: &'static str,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl FnOnce(ObjectSerializer<'_, &mut Json<'_>, BARE>) -> serde_json::Result<()>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let refusal = Cell::new(None);
    let mut json = serde_json::Serializer::new(&mut *out);
    let written = write(ObjectSerializer::new(&mut json, kind, head, &refusal));
    written.map_err(|source| {
        out.truncate(start);
        match refusal.take() {
            Some(EncodeRefusal::NotAnObject(found)) => EncodeError::NotAnObject { kind, found },
            Some(EncodeRefusal::ReservedKey(key)) => EncodeError::ReservedKey { kind, key },
            None => EncodeError::Payload { kind, source },
        }
    })
}
