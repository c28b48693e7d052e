//! The keys of a received object: the protocol's own are separated from the payload's.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::numbers;

#[derive(Clone, Copy)]
pub(super) enum Reserved {
    Type,
    Ref,
    Room,
    Id,
    Extension,
}

impl Reserved {
    #[inline]
    fn of<const BARE: bool>(key: &str) -> Option<Self> {
        match key.as_bytes() {
            b"type" => Some(Self::Type),
            _ if BARE => None,
            b"ref" => Some(Self::Ref),
            b"$room" => Some(Self::Room),
            [b'$', b'i', b'd'] => Some(Self::Id),
            [b'$', ..] => Some(Self::Extension),
            _ => None,
        }
    }
}

#[inline]
pub(super) fn is_reserved<const BARE: bool>(key: &str) -> bool {
    match key.as_bytes() {
        b"type" => true,
        b"ref" | [b'$', ..] => !BARE,
        _ => false,
    }
}

pub(super) enum Key<F, S> {
    Field(F),
    Reserved(Reserved, S),
}

/// Lets the payload read its key in the same step: its result is often one byte, where the text would be carried through layers.
pub(super) struct ReadKey<S, const BARE: bool>(pub(super) S);

impl<'de, S: DeserializeSeed<'de>, const BARE: bool> ReadKey<S, BARE> {
    // Otherwise each key costs a call of about ten instructions.
    #[inline(always)]
    fn read<D: Deserializer<'de>>(self, text: &str, plain: D) -> Result<Key<S::Value, S>, D::Error> {
        match Reserved::of::<BARE>(text) {
            Some(reserved) => Ok(Key::Reserved(reserved, self.0)),
            None => self.0.deserialize(NameDeserializer { text, plain }).map(Key::Field),
        }
    }
}

impl<'de, S: DeserializeSeed<'de>, const BARE: bool> DeserializeSeed<'de> for ReadKey<S, BARE> {
    type Value = Key<S::Value, S>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, S: DeserializeSeed<'de>, const BARE: bool> Visitor<'de> for ReadKey<S, BARE> {
    type Value = Key<S::Value, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string key")
    }

    #[inline(always)]
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        self.read(text, BorrowedStrDeserializer::new(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.read(text, StrDeserializer::new(text))
    }
}

/// Reads a key, like serde_json's also a number or a boolean. `plain` is a type: keys without escapes stay in registers.
struct NameDeserializer<'a, D> {
    text: &'a str,
    plain: D,
}

macro_rules! read_from_text {
    ($($method:ident $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let text = self.text;
            // serde_json would skip white space here; a key must not contain any.
            match numbers::from_key(text) {
                Some(value) if text.trim_ascii().len() == text.len() => visitor.$visit(value),
                _ => Err(de::Error::invalid_type(Unexpected::Str(text), &visitor)),
            }
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for NameDeserializer<'_, D> {
    type Error = D::Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.plain.deserialize_any(visitor)
    }

    read_from_text! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32,
        deserialize_i64 visit_i64, deserialize_i128 visit_i128,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_u128 visit_u128,
        deserialize_f32 visit_f32, deserialize_f64 visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.plain.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
