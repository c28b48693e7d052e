//! Serde's traits for a set of messages, in any self-describing format: the generated enums' own `Serialize` and `Deserialize`.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::vec;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde_json::Value;

use super::head::Head;
use super::incoming_head::{Fields, IncomingHead, ReadType, index_of, skip, unknown_type};
use super::key::{Key, ReadKey, Reserved};
use super::object::ObjectSerializer;
use crate::protocol::message::Messages;

/// Writes one of a set of messages as an object, with its `type` first.
///
/// # Errors
/// If the payload is no object or has a reserved key, and the errors of the format.
pub fn serialize<T: Messages, S: Serializer>(message: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let refusal = Cell::new(None);
    message.encode(ObjectSerializer::<_, false>::new(serializer, T::TYPES[message.index()], Head::default(), &refusal))
}

/// Reads one of a set of messages from an object.
///
/// A `ref` and keys that start with `$` are ignored. Fields before the `type` are held as JSON values until the type is known,
/// because not every format can be read twice; [`Messages`] lists what that costs. For text prefer `decode`.
///
/// # Errors
/// If the `type` is missing, given twice or unknown, if the fields do not fit, and the errors of the format.
pub fn deserialize<'de, T: Messages, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let human_readable = deserializer.is_human_readable();
    deserializer.deserialize_map(ReadGeneric { human_readable, message: PhantomData })
}

struct ReadGeneric<T> {
    human_readable: bool,
    message: PhantomData<T>,
}

impl<'de, T: Messages> Visitor<'de> for ReadGeneric<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut head = IncomingHead::default();
        let mut held = Vec::new();
        let index = loop {
            match map.next_key_seed(ReadKey::<_, false>(PhantomData::<String>))? {
                Some(Key::Reserved(Reserved::Type, _)) => {
                    head.note_type()?;
                    let kind = map.next_value_seed(ReadType)?;
                    break index_of::<T>(&kind).ok_or_else(|| unknown_type(&kind))?;
                }
                Some(Key::Reserved(Reserved::Ref, _)) => head.read_ref(&mut map)?,
                Some(Key::Reserved(Reserved::Room | Reserved::Id | Reserved::Extension, _)) => skip(&mut map)?,
                Some(Key::Field(name)) => held.push((name, map.next_value()?)),
                None => return Err(de::Error::missing_field("type")),
            }
        };
        let map = BufferedMap { entries: held.into_iter(), value: None, rest: map };
        let mut fields =
            Fields::<_, false, false>::new(&mut head, map, T::TYPES[index]).human_readable(self.human_readable);
        let message = T::decode(index, &mut fields)?;
        fields.finish()?;
        Ok(message)
    }
}

struct BufferedMap<A> {
    entries: vec::IntoIter<(String, Value)>,
    value: Option<Value>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for BufferedMap<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.entries.next() {
            Some((key, value)) => {
                self.value = Some(value);
                seed.deserialize(StringDeserializer::new(key)).map(Some)
            }
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value).map_err(de::Error::custom),
            None => self.rest.next_value_seed(seed),
        }
    }
}
