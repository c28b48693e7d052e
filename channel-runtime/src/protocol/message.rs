//! Messages: the trait of one message, the trait of a closed set of messages, and the `ref` that connects an answer to its message.

use std::fmt::{self, Display};
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::protocol::codec::{DecodeError, whole};
use crate::protocol::delivery::Delivery;
use crate::protocol::describe::{Content, MessageShape, Type};

/// One JSON object on the wire, identified by its `"type"`, or a binary message, identified by its first byte.
///
/// `#[message(type = "move")]` on a struct implements it, and derives serde's `Serialize` and `Deserialize`:
///
/// ```
/// # use channel_runtime::{message, Message};
/// #[message(type = "move")]
/// pub struct Move { pub from: String, pub to: String }
///
/// assert_eq!(Move::TYPE, "move");
/// ```
///
/// `#[message(binary, kind = 1)]` makes it a binary message: see [`macro@crate::message`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "this is not a message",
    note = "if it is a struct of yours, put `#[message(type = \"..\")]` on it",
    note = "what is no struct, or another crate's, goes into a field of one: `#[message(type = \"..\")] struct Name {{ value: {Self} }}`",
    note = "raw bytes are taken by the hook `on_binary`, raw text by `on_text`"
)]
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// The value of the `"type"` key. It is never empty and never starts with `(`; only a message that is `foreign` may be named
    /// `success` or `error`, or start with `$`. For a binary message it is no value of a key, but the name for logs, counters and
    /// descriptions: `(binary 1) pixel`.
    const TYPE: &'static str;

    /// The first byte of a binary message. `None` for a text message.
    const KIND: Option<u8> = None;

    /// How it is delivered to clients.
    const DELIVERY: Delivery = Delivery::Reliable;

    #[doc(hidden)]
    const SHAPE: MessageShape = MessageShape::new(Self::TYPE, "", Content::As(Type::Json)).delivered(Self::DELIVERY);

    // The expansions reach serde only through these methods, so that a type that is no message causes this trait's error alone.

    #[doc(hidden)]
    #[inline]
    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        Self::deserialize(fields)
    }

    #[doc(hidden)]
    #[inline]
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }

    #[doc(hidden)]
    #[inline]
    fn to_fields<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    /// What a value of it replaces, if it is `latest`: that of the same key.
    #[doc(hidden)]
    fn newest_key(&self) -> Arc<str> {
        Arc::default()
    }

    /// Reads a binary message from the bytes behind its kind. The error is why they are refused.
    #[doc(hidden)]
    fn from_binary(data: Bytes) -> Result<Self, String> {
        _ = data;
        Err("it is a text message".to_owned())
    }

    /// Appends what follows a binary message's kind. The error is why it can't be written.
    #[doc(hidden)]
    fn to_binary(&self, out: &mut Vec<u8>) -> Result<(), String> {
        _ = out;
        Err("it is a text message".to_owned())
    }
}

/// What can be the key of a message that is `latest`: anything that is `Display`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a key",
    label = "this writes no key",
    note = "a key writes itself: `impl std::fmt::Display for {Self}`"
)]
pub trait NewestKey {
    fn newest_key(&self) -> Arc<str>;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> NewestKey for T {
    fn newest_key(&self) -> Arc<str> {
        self.to_string().into()
    }
}

/// A closed set of messages: all that clients send to a channel, or all that the channel sends.
///
/// The enums that `#[channel]` generates implement it, such as `GameChannelFromClient`.
///
/// # With serde alone
///
/// Those enums also implement serde's `Serialize` and `Deserialize`, for any self-describing format: an object whose `type` names
/// the message. For JSON from a channel prefer [`Received::from_text`](crate::Received::from_text), which reads fields in any order
/// as they are. Serde can't look ahead, so `Deserialize` holds fields before the `type` as [`serde_json::Value`]s until the type is
/// known. In a field that was held
///
/// - an integer that fits neither `i64` nor `u64` is an error, and so is borrowed text,
/// - a `RawValue` is a `Value` that is written again: white space, the order of keys and the spelling of numbers are lost,
/// - if a nested object has a key twice, the last one counts,
/// - the line and column of an error are not the field's.
///
/// A channel sends the `type` first, and then no field is held. A binary message has no such form, and is an error.
pub trait Messages: Sized + Send + 'static {
    /// The wire types of the set, each once. A message is identified by its place in this list.
    const TYPES: &'static [&'static str];

    /// Their fields, in the same order.
    #[doc(hidden)]
    const SHAPES: &'static [MessageShape] = &[];

    /// Reads the payload of the message at `index`, which is always below `TYPES.len()`, from the object's other fields.
    fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error>;

    /// The place of this message in [`TYPES`](Self::TYPES).
    fn index(&self) -> usize;

    #[doc(hidden)]
    #[inline]
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }

    /// What a message that is `latest` replaces.
    #[doc(hidden)]
    fn newest_key(&self) -> Arc<str> {
        Arc::default()
    }

    /// Writes the payload without the type.
    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// The `"ref"` of a message: the client chooses it, and the one answer repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ref {
    /// A string of at most [`Ref::MAX_LEN`] bytes.
    Text(Box<str>),
    /// An integer. `7.0` is read as 7, and answered as 7, because some languages write all numbers with a point.
    Number(i64),
    /// What another [`Envelope`](crate::Envelope) keeps for its answer, of at most 128 bytes: it is repeated as it stands.
    Raw(Box<str>),
}

impl Ref {
    /// The longest string accepted as a `ref`, in bytes.
    pub const MAX_LEN: usize = 64;
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Raw(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl From<i64> for Ref {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Serialize for Ref {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Raw(text) => match serde_json::from_str::<&serde_json::value::RawValue>(text) {
                Ok(json) => json.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Ref {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RefVisitor;

        impl Visitor<'_> for RefVisitor {
            type Value = Ref;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "as `ref` a string of at most {} bytes or a 64-bit integer", Ref::MAX_LEN)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ref, E> {
                if text.len() > Ref::MAX_LEN {
                    return Err(E::invalid_length(text.len(), &self));
                }
                Ok(Ref::Text(text.into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Ref, E> {
                Ok(Ref::Number(number))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Ref, E> {
                whole(number).map(Ref::Number).ok_or_else(|| E::invalid_type(de::Unexpected::Float(number), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ref, E> {
                i64::try_from(number)
                    .map(Ref::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }
        }

        deserializer.deserialize_any(RefVisitor)
    }
}

/// An answer with data that is no message: `{"type":"success","ref":..,"data":..,"timestamp":..}`.
///
/// ```
/// # use channel_runtime::Success;
/// # fn count() -> u32 { 3 }
/// fn unread() -> Success<u32> {
///     Success(count())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success<T>(pub T);
