//! A key of the outermost object: the protocol's own are told apart as they are read, any other goes on to the payload.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// A key of the protocol's.
#[derive(Clone, Copy)]
pub(super) enum Reserved {
    Type,
    Ref,
    Room,
    /// Another that begins with `$`.
    Extension,
}

impl Reserved {
    #[inline]
    fn of(key: &str) -> Option<Self> {
        match key.as_bytes() {
            b"type" => Some(Self::Type),
            b"ref" => Some(Self::Ref),
            b"$room" => Some(Self::Room),
            [b'$', ..] => Some(Self::Extension),
            _ => None,
        }
    }
}

/// A key, by whom it is for.
pub(super) enum Key<F, S> {
    /// The payload's, as its seed reads it.
    Field(F),
    /// The protocol's, with the seed unused.
    Reserved(Reserved, S),
}

/// Reads a [`Key`], in one step with what the payload makes of its own: that is often a byte, where the key's text would
/// have to be carried through the layers of the deserializer.
pub(super) struct ReadKey<S>(pub(super) S);

impl<'de, S: DeserializeSeed<'de>> ReadKey<S> {
    #[inline]
    fn read<E: de::Error>(self, name: Name<'de, '_>) -> Result<Key<S::Value, S>, E> {
        match Reserved::of(name.text()) {
            Some(reserved) => Ok(Key::Reserved(reserved, self.0)),
            None => self.0.deserialize(NameDeserializer { name, error: PhantomData }).map(Key::Field),
        }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ReadKey<S> {
    type Value = Key<S::Value, S>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for ReadKey<S> {
    type Value = Key<S::Value, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string key")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        self.read(Name::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.read(Name::Copied(text))
    }
}

/// The text of a payload's key; copied where it has escapes.
enum Name<'de, 'a> {
    Borrowed(&'de str),
    Copied(&'a str),
}

impl Name<'_, '_> {
    #[inline]
    fn text(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Copied(text) => text,
        }
    }
}

/// A [`Name`] as the payload reads it: as text, and like serde_json's own keys also as a number or a boolean.
struct NameDeserializer<'de, 'a, E> {
    name: Name<'de, 'a>,
    error: PhantomData<E>,
}

macro_rules! read_from_text {
    ($($method:ident $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            let text = self.name.text();
            // serde_json would pass over white space here; a key has none.
            match serde_json::from_str(text) {
                Ok(value) if text.trim_ascii().len() == text.len() => visitor.$visit(value),
                _ => Err(E::invalid_type(Unexpected::Str(text), &visitor)),
            }
        }
    )*};
}

impl<'de, E: de::Error> Deserializer<'de> for NameDeserializer<'de, '_, E> {
    type Error = E;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.name {
            Name::Borrowed(text) => visitor.visit_borrowed_str(text),
            Name::Copied(text) => visitor.visit_str(text),
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
            Name::Copied(text) => visitor.visit_enum(StrDeserializer::new(text)),
        }
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
