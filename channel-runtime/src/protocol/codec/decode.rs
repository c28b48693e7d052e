//! Decoding: JSON text becomes a message, in as few passes as the text allows.
//!
//! The quick path needs the `type` before the payload, or guesses it at the end and checks the guess in its one pass. If anything
//! is wrong, the careful path decides: a survey finds `type` and `ref`, then serde_json reads the payload, tracking paths.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer as _;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};

use super::depth;
use super::entries::{Entries, Unusual};
use super::error::DecodeError;
use super::finite::{Finite, NOT_FINITE};
use super::incoming_head::{IncomingHead, ReadMessage, ReadType, index_of, skip};
use super::key::{Key, ReadKey, Reserved};
#[cfg(feature = "server")]
use super::kinds::has_binary;
use super::message_id::MessageId;
use crate::protocol::message::{Messages, Ref};

/// A text from a client, decoded.
pub struct Decoded<T> {
    /// The message's `ref`. It is also found in most invalid messages, so that they are answered too.
    pub reference: Option<Ref>,
    /// The message's `$id`, if messages of the set may be said again.
    pub id: Option<MessageId>,
    /// The message, or what is wrong with it.
    pub message: Result<T, DecodeError>,
}

/// Reads one of these messages and its `ref` from a JSON object. Any text is allowed.
pub fn decode<T: Messages>(text: &str) -> Decoded<T> {
    let mut head = IncomingHead::of_server::<T>();
    Decoded { message: decode_into::<_, false>(&mut head, text), reference: head.reference, id: head.id }
}

pub(crate) fn decode_bare<T: Messages>(text: &str) -> Result<T, DecodeError> {
    decode_into::<_, true>(&mut IncomingHead::default(), text)
}

#[cfg(any(test, fuzzing))]
pub(crate) fn decode_only_carefully<T: Messages>(text: &str) -> Decoded<T> {
    let mut head = IncomingHead::of_server::<T>();
    Decoded { message: decode_carefully::<_, false>(&mut head, text, true), reference: head.reference, id: head.id }
}

#[inline]
pub(super) fn decode_into<T: Messages, const BARE: bool>(
    head: &mut IncomingHead,
    text: &str,
) -> Result<T, DecodeError> {
    let index = match Start::of::<T, BARE>(text) {
        Start::ReservedKey => None,
        Start::Guess(index) => Some(index),
        Start::Later => return decode_carefully::<_, BARE>(head, text, false),
    };
    let mut message = None;
    let read = decode_quickly::<_, BARE>(head, &mut message, text, index);
    match message {
        Some(message) if read.is_ok() => Ok(message),
        _ => decode_carefully::<_, BARE>(head, text, true),
    }
}

#[cfg(any(feature = "server", test))]
pub(crate) fn decode_at<T: Messages>(text: &str, index: usize) -> Decoded<T> {
    let mut head = IncomingHead::of_server::<T>();
    Decoded { message: decode_into_at::<_, false>(&mut head, text, index), reference: head.reference, id: head.id }
}

#[cfg(any(feature = "server", test))]
pub(crate) fn decode_bare_at<T: Messages>(text: &str, index: usize) -> Result<T, DecodeError> {
    decode_into_at::<_, true>(&mut IncomingHead::default(), text, index)
}

#[cfg(any(feature = "server", test))]
#[inline]
fn decode_into_at<T: Messages, const BARE: bool>(
    head: &mut IncomingHead,
    text: &str,
    index: usize,
) -> Result<T, DecodeError> {
    let mut message = None;
    let read = decode_quickly::<_, BARE>(head, &mut message, text, Some(index));
    match message {
        Some(message) if read.is_ok() => Ok(message),
        _ => decode_carefully::<_, BARE>(head, text, true),
    }
}

#[cfg(feature = "server")]
pub(crate) fn reference(text: &str) -> Option<Ref> {
    let mut head = IncomingHead::default();
    // Other errors of the text do not matter here.
    let _ = survey(&mut head, text, false);
    head.reference
}

/// The `ref` of a valid message of this type, whatever its payload. `None` if the text is none.
#[cfg(feature = "server")]
pub(crate) fn reference_of(text: &str, kind: &str) -> Option<Option<Ref>> {
    let mut head = IncomingHead::default();
    let found = survey(&mut head, text, false).ok()?;
    (found == kind).then_some(head.reference)
}

#[cfg(feature = "server")]
pub(crate) fn unknown_kind<T: Messages>(message: &[u8]) -> DecodeError {
    match message {
        _ if const { !has_binary::<T>() } => DecodeError::Binary,
        [] => DecodeError::unknown_type("(binary)"),
        [kind, ..] => DecodeError::unknown_type(&format!("(binary {kind})")),
    }
}

#[cfg(any(feature = "server", test))]
pub(crate) fn index<T: Messages>(text: &str) -> Option<usize> {
    index_in::<T>(text, false)
}

#[cfg(any(feature = "server", test))]
pub(crate) fn index_bare<T: Messages>(text: &str) -> Option<usize> {
    index_in::<T>(text, true)
}

#[cfg(any(feature = "server", test))]
#[inline]
fn index_in<T: Messages>(text: &str, bare: bool) -> Option<usize> {
    match leading_type(text) {
        Some(kind) => index_of::<T>(kind),
        None => index_of::<T>(&survey(&mut IncomingHead::default(), text, bare).ok()?),
    }
}

#[cfg(any(feature = "server", test))]
fn leading_type(text: &str) -> Option<&str> {
    let object = text.trim_ascii_start().strip_prefix('{')?.trim_ascii_start();
    let value = object.strip_prefix("\"type\"")?.trim_ascii_start().strip_prefix(':')?;
    let (kind, _) = value.trim_ascii_start().strip_prefix('"')?.split_once('"')?;
    (!kind.contains('\\')).then_some(kind)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    ReservedKey,
    Guess(usize),
    Later,
}

impl Start {
    #[inline]
    fn of<T: Messages, const BARE: bool>(text: &str) -> Self {
        let Some(key) = first_key(text.as_bytes()) else { return Self::Later };
        if key.starts_with(b"type\"") {
            return Self::ReservedKey;
        }
        match last_type(text).and_then(index_of::<T>) {
            Some(index) => Self::Guess(index),
            None if !BARE && (key.starts_with(b"ref\"") || key.starts_with(b"$")) => Self::ReservedKey,
            None => Self::Later,
        }
    }
}

#[inline]
fn first_key(text: &[u8]) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")
}

/// The type, if the object seems to end with it. This is a guess: only a pass over the whole text shows what the match is part of.
fn last_type(text: &str) -> Option<&str> {
    let object = text.trim_ascii_end().strip_suffix('}')?;
    let (before, kind) = object.trim_ascii_end().strip_suffix('"')?.rsplit_once('"')?;
    let key = before.trim_ascii_end().strip_suffix(':')?.trim_ascii_end();
    key.ends_with("\"type\"").then_some(kind)
}

/// One pass. The message must not be used if this returns an error.
pub(super) fn decode_quickly<T: Messages, const BARE: bool>(
    head: &mut IncomingHead,
    message: &mut Option<T>,
    text: &str,
    index: Option<usize>,
) -> Result<(), Unusual> {
    let mut entries = Entries::open(text)?;
    ReadMessage::<_, BARE, true>::new(head, message, index).visit_map(&mut entries)?;
    entries.close()
}

/// Reads any valid text, and finds what is wrong with others. `tried`: the quick path has failed already.
#[cold]
pub(super) fn decode_carefully<T: Messages, const BARE: bool>(
    head: &mut IncomingHead,
    text: &str,
    tried: bool,
) -> Result<T, DecodeError> {
    *head = head.cleared();
    let kind = survey(head, text, BARE).map_err(|error| DecodeError::malformed(&error))?;
    if let Some(offset) = depth::first_too_deep(text) {
        let (line, column) = depth::position(text, offset);
        return Err(DecodeError::Malformed { reason: "nested too deep".to_owned(), line, column });
    }
    let index = index_of::<T>(&kind).ok_or_else(|| DecodeError::unknown_type(&kind))?;
    // The survey has filled the head; these passes would find the same values.
    if !tried {
        let mut message = None;
        let read = decode_quickly::<_, BARE>(&mut head.cleared(), &mut message, text, Some(index));
        if let (Ok(()), Some(message)) = (read, message) {
            return Ok(message);
        }
    }
    let (mut message, mut track) = (None, serde_path_to_error::Track::new());
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::Deserializer::new(&mut json, &mut track)
        .deserialize_map(ReadMessage::<_, BARE, false>::new(&mut head.cleared(), &mut message, Some(index)))
        .and_then(|()| message.ok_or_else(|| de::Error::custom("nothing was read")))
        .map_err(|error| DecodeError::invalid_payload(T::TYPES[index], &track.path(), &error))
        // Serde buffers some numbers too large for an `f32`, for an unknown field: the message is judged by how it is written.
        // So an infinity that a user's type makes itself is refused too, and one in a field that is not written goes unnoticed.
        .and_then(|message| match first_infinite(&message) {
            Some(path) => Err(DecodeError::too_large(T::TYPES[index], &path, depth::position(text, text.len()))),
            None => Ok(message),
        })
}

#[cold]
pub(super) fn first_infinite<T: Messages>(message: &T) -> Option<serde_path_to_error::Path> {
    let (mut track, mut json) = (serde_path_to_error::Track::new(), serde_json::Serializer::new(std::io::sink()));
    let written = message.encode(serde_path_to_error::Serializer::new(Finite(&mut json), &mut track));
    // A message that can't be written for another reason may have been read correctly.
    written.is_err_and(|error| error.to_string() == NOT_FINITE).then(|| track.path())
}

/// `bare` is no constant: a generic function would be compiled once more for each of the user's crates.
fn survey<'t>(head: &mut IncomingHead, text: &'t str, bare: bool) -> serde_json::Result<Cow<'t, str>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let kind = json.deserialize_map(Survey { head, bare })?;
    json.end()?;
    Ok(kind)
}

struct Survey<'e> {
    head: &'e mut IncomingHead,
    bare: bool,
}

impl<'de> Visitor<'de> for Survey<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kind = None;
        while let Some(key) = map.next_key_seed(ReadKey::<_, false>(PhantomData::<IgnoredAny>))? {
            match key {
                Key::Reserved(Reserved::Type, _) => {
                    self.head.note_type()?;
                    kind = Some(map.next_value_seed(ReadType)?);
                }
                Key::Reserved(Reserved::Ref, _) if !self.bare => self.head.read_ref(&mut map)?,
                Key::Reserved(Reserved::Room, _) if !self.bare => self.head.read_room(&mut map)?,
                Key::Reserved(Reserved::Id, _) if !self.bare => self.head.read_id(&mut map)?,
                Key::Reserved(..) | Key::Field(IgnoredAny) => skip(&mut map)?,
            }
        }
        kind.ok_or_else(|| de::Error::missing_field("type"))
    }
}
