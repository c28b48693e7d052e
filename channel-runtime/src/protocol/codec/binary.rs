//! The codec of binary messages: the first byte is the kind, and the rest goes to the message's own `from_bytes` or codec.
//!
//! A set of messages passes a payload through serde, which has no call for a `Bytes`: only for slices, which would have to be
//! copied. So it is handed over beside the call, in a cell of the thread.

use std::cell::Cell;
use std::fmt;

use bytes::{Buf as _, Bytes};
use serde::de::value::Error as Refused;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{self, Serializer};

use super::bytes_only::BytesOnly;
use super::error::{DecodeError, EncodeError};
use super::kinds::has_binary;
use crate::protocol::kind::kind_of;
use crate::protocol::message::{Message, Messages};

thread_local! {
    static HANDED_OVER: Cell<Option<Bytes>> = const { Cell::new(None) };
}

/// The slice that stands for what was handed over, known by its address.
static MARK: [u8; 16] = *b"a binary message";

/// Nothing is copied: what `from_bytes` receives is a part of `message`.
pub(crate) fn decode_binary<T: Messages>(index: usize, mut message: Bytes) -> Result<T, DecodeError> {
    message.advance(1);
    HANDED_OVER.set(Some(message));
    let decoded = T::decode(index, Handed);
    HANDED_OVER.take();
    decoded.map_err(|refused| DecodeError::invalid_binary(T::TYPES[index], refused.to_string()))
}

/// Fails also if the user's `to_bytes` or codec took away what was in `out`. After an error `out` must not be used.
#[cfg(feature = "server")]
pub(crate) fn encode_binary<M: Message>(kind: u8, message: &M, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(kind, M::TYPE, out, |out| message.to_binary(out))
}

/// As `encode_binary`, of one of a set of messages.
///
/// # Errors
/// What `to_bytes` or the codec refuses.
pub fn encode_binary_one_of<T: Messages>(kind: u8, message: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let write = |out: &mut Vec<u8>| message.encode(BytesOnly(out)).map_err(|error| error.to_string());
    append(kind, T::TYPES[message.index()], out, write)
}

/// The first byte of a binary message. `None` for a text message.
pub fn binary_kind<T: Messages>(message: &T) -> Option<u8> {
    if const { !has_binary::<T>() } {
        return None;
    }
    kind_of(T::TYPES[message.index()])
}

fn append(
    kind: u8,
    wire_type: &'static str,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
) -> Result<(), EncodeError> {
    out.push(kind);
    let start = out.len();
    // What stands before is the frame's head, which the user's code may not touch.
    let mut head = [0; 16];
    let kept = start.min(head.len());
    head[..kept].copy_from_slice(&out[start - kept..]);
    let refuse = |reason| EncodeError::Binary { kind: wire_type, reason };
    write(out).map_err(refuse)?;
    match out.get(start - kept..start) {
        Some(still) if *still == head[..kept] => Ok(()),
        _ => Err(refuse("it may only append to `out`, and changed what was there".to_owned())),
    }
}

/// `from_fields` of a binary message, which any serde format may have written as its bytes.
pub fn from_byte_fields<'de, M: Message, D: Deserializer<'de>>(fields: D) -> Result<M, D::Error> {
    let bytes = fields.deserialize_byte_buf(ReadBytes)?;
    M::from_binary(bytes).map_err(de::Error::custom)
}

/// `to_fields` of a binary message.
pub fn to_byte_fields<M: Message, S: Serializer>(message: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::new();
    message.to_binary(&mut bytes).map_err(ser::Error::custom)?;
    serializer.serialize_bytes(&bytes)
}

struct Handed;

impl<'de> Deserializer<'de> for Handed {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_bytes(&MARK)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct ReadBytes;

impl<'de> Visitor<'de> for ReadBytes {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Bytes, E> {
        match HANDED_OVER.take() {
            Some(handed) if std::ptr::eq(bytes, &MARK[..]) => Ok(handed),
            _ => Ok(Bytes::copy_from_slice(bytes)),
        }
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Bytes, A::Error> {
        let mut read = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            read.push(byte);
        }
        Ok(read.into())
    }
}
