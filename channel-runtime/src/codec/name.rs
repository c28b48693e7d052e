//! A key of the outermost object, read once to see whether it is the protocol's and then handed on to the payload.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// A key, by whom it is for.
pub(super) enum Key<'de> {
    Type,
    Ref,
    Room,
    /// Another that begins with `$`.
    Extension,
    Field(Name<'de>),
}

/// The text of a payload's key; owned where it has escapes.
pub(super) enum Name<'de> {
    Borrowed(&'de str),
    Owned(String),
}

impl Name<'_> {
    pub(super) fn into_string(self) -> String {
        match self {
            Self::Borrowed(text) => text.to_owned(),
            Self::Owned(text) => text,
        }
    }
}

impl<'de> Key<'de> {
    #[inline]
    fn new(text: &str, name: impl FnOnce() -> Name<'de>) -> Self {
        match text.as_bytes() {
            b"type" => Self::Type,
            b"ref" => Self::Ref,
            b"$room" => Self::Room,
            [b'$', ..] => Self::Extension,
            _ => Self::Field(name()),
        }
    }
}

/// Reads a [`Key`].
pub(super) struct ReadKey;

impl<'de> DeserializeSeed<'de> for ReadKey {
    type Value = Key<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for ReadKey {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string key")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key::new(text, || Name::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key::new(text, || Name::Owned(text.to_owned())))
    }
}

/// A [`Name`] as the payload reads it: as text, and like serde_json's own keys also as a number or a boolean.
pub(super) struct NameDeserializer<'de, E> {
    name: Name<'de>,
    error: PhantomData<E>,
}

impl<'de, E> NameDeserializer<'de, E> {
    #[inline]
    pub(super) fn new(name: Name<'de>) -> Self {
        Self { name, error: PhantomData }
    }

    fn text(&self) -> &str {
        match &self.name {
            Name::Borrowed(text) => text,
            Name::Owned(text) => text,
        }
    }
}

macro_rules! read_from_text {
    ($($method:ident $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            let text = self.text();
            // serde_json would pass over white space here; a key has none.
            match serde_json::from_str(text) {
                Ok(value) if text.trim_ascii().len() == text.len() => visitor.$visit(value),
                _ => Err(E::invalid_type(Unexpected::Str(text), &visitor)),
            }
        }
    )*};
}

impl<'de, E: de::Error> Deserializer<'de> for NameDeserializer<'de, E> {
    type Error = E;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.name {
            Name::Borrowed(text) => visitor.visit_borrowed_str(text),
            Name::Owned(text) => visitor.visit_string(text),
        }
    }

    read_from_text! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32,
        deserialize_i64 visit_i64, deserialize_i128 visit_i128,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_u128 visit_u128,
        deserialize_f32 visit_f32, deserialize_f64 visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        match self.name {
            Name::Borrowed(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Name::Owned(text) => visitor.visit_enum(StringDeserializer::new(text)),
        }
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
