//! Payloads by themselves, as other envelopes hold them: a value of JSON that is a slice of the text.

use serde::Deserialize;
#[cfg(feature = "server")]
use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, Visitor};

use super::decode::first_infinite;
use super::depth;
use super::error::{DecodeError, EncodeError};
use super::finite::Finite;
#[cfg(feature = "server")]
use super::finite::InFinite;
use super::incoming_head::index_of;
use super::numbers::Numbers;
#[cfg(feature = "server")]
use crate::protocol::message::Message;
use crate::protocol::message::Messages;

/// Reads the payload of a message of this type. Lines and columns are those of `text`, if `payload` is a slice of it.
#[inline]
pub(crate) fn read_payload<T: Messages>(text: &str, kind: &str, payload: &str) -> Result<T, DecodeError> {
    let Some(index) = index_of::<T>(kind) else { return Err(DecodeError::unknown_type(kind)) };
    check_depth(text)?;
    let mut json = serde_json::Deserializer::from_str(payload);
    match T::decode(index, Numbers::<_, true>(Payload(&mut json))) {
        Ok(message) if json.end().is_ok() => Ok(message),
        _ => read_carefully(text, index, payload),
    }
}

#[inline]
fn check_depth(text: &str) -> Result<(), DecodeError> {
    let Some(offset) = depth::first_too_deep(text) else { return Ok(()) };
    let (line, column) = depth::position(text, offset);
    Err(DecodeError::Malformed { reason: "nested too deep".to_owned(), line, column })
}

#[cfg(feature = "server")]
pub(crate) fn index_of_type<T: Messages>(kind: &str) -> Option<usize> {
    index_of::<T>(kind)
}

#[cold]
fn read_carefully<T: Messages>(text: &str, index: usize, payload: &str) -> Result<T, DecodeError> {
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_str(payload);
    let fields = Numbers::<_, false>(Payload(serde_path_to_error::Deserializer::new(&mut json, &mut track)));
    let read = T::decode(index, fields).and_then(|message| json.end().map(|()| message));
    let message = read.map_err(|error| {
        DecodeError::invalid_payload(T::TYPES[index], &track.path(), &error)
            .behind(before(text, payload).unwrap_or_default())
    })?;
    match first_infinite(&message) {
        Some(path) => Err(DecodeError::too_large(T::TYPES[index], &path, depth::position(text, text.len()))),
        None => Ok(message),
    }
}

/// Reads what is no message, such as an answer's data. `kind` is for errors.
///
/// With `QUICK`, a number too large for an `f32` that serde buffers is refused even where it would become an `f64`: a value that
/// can't be written can't be searched for an infinity.
pub(crate) fn read_value<T: DeserializeOwned, const QUICK: bool>(
    text: &str,
    kind: &str,
    value: &str,
) -> Result<T, DecodeError> {
    check_depth(text)?;
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_str(value);
    let tracked = Numbers::<_, QUICK>(Payload(serde_path_to_error::Deserializer::new(&mut json, &mut track)));
    let read = T::deserialize(tracked).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| {
        DecodeError::invalid_payload(kind, &track.path(), &error).behind(before(text, value).unwrap_or_default())
    })
}

/// What stands before this slice of the text. `None` if it is a slice of another.
pub(crate) fn before<'t>(text: &'t str, slice: &str) -> Option<&'t str> {
    let offset = (slice.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    text.get(..offset)
}

/// Appends a message's payload. A unit is written as `{}`, because most protocols have no other value without fields.
#[cfg(feature = "server")]
pub(crate) fn write_payload<M: Message>(message: &M, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(M::TYPE, out, |json| message.to_fields(json))
}

/// As [`write_payload`], of one of a set of messages.
pub(crate) fn write_payload_of<T: Messages>(message: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(T::TYPES[message.index()], out, |json| message.encode(json))
}

fn append(
    kind: &'static str,
    out: &mut Vec<u8>,
    write: impl FnOnce(Finite<&mut serde_json::Serializer<&mut Vec<u8>>>) -> serde_json::Result<()>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let mut json = serde_json::Serializer::new(&mut *out);
    write(Finite(&mut json)).map_err(|source| EncodeError::Payload { kind, source })?;
    if out[start..] == *b"null" {
        out.truncate(start);
        out.extend_from_slice(b"{}");
    }
    Ok(())
}

/// Appends what is no message, such as what a `Success` holds.
#[cfg(feature = "server")]
pub(crate) fn write_value<T: Serialize + ?Sized>(
    kind: &'static str,
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), EncodeError> {
    let written = InFinite(value).serialize(&mut serde_json::Serializer::new(out));
    written.map_err(|source| EncodeError::Payload { kind, source })
}

/// A payload: a unit is read from any value, where serde_json would require `null`.
struct Payload<D>(D);

macro_rules! forward {
    ($($method:ident($($name:ident: $ty:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($name: $ty,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Payload<D> {
    type Error = D::Error;

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        IgnoredAny::deserialize(self.0)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        // The names of serde_json's own types, which are no newtypes to it.
        if name.starts_with('$') {
            return self.0.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    forward! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}
