//! The head of an incoming message: `type`, `ref` and `$..`, collected in the pass that reads the payload's fields.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::key::{Key, ReadKey, Reserved};
use super::kinds::{has_binary, has_idempotent};
use super::message_id::{MessageId, ReadId};
use super::numbers::Numbers;
use crate::protocol::message::{Messages, Ref};

/// Collected while the object is read, so that the protocol's keys are known even if the message is invalid.
#[derive(Default)]
pub(super) struct IncomingHead {
    pub(super) reference: Option<Ref>,
    pub(super) room: Option<String>,
    pub(super) id: Option<MessageId>,
    /// Whether `$room` is read. A server ignores it in clients' messages.
    reads_room: bool,
    /// Whether `$id` is read. It is ignored where no message may be said again.
    reads_id: bool,
    typed: bool,
    /// Whether there was a `ref`, even one that is `null`.
    referred: bool,
}

impl IncomingHead {
    pub(super) fn of_client() -> Self {
        Self { reads_room: true, ..Self::default() }
    }

    /// For messages of this set, from clients.
    #[inline]
    pub(super) fn of_server<T: Messages>() -> Self {
        Self { reads_id: const { has_idempotent::<T>() }, ..Self::default() }
    }

    pub(super) fn cleared(&self) -> Self {
        Self { reads_room: self.reads_room, reads_id: self.reads_id, ..Self::default() }
    }

    pub(super) fn note_type<E: de::Error>(&mut self) -> Result<(), E> {
        if std::mem::replace(&mut self.typed, true) { Err(E::custom("a second `type`")) } else { Ok(()) }
    }

    pub(super) fn read_ref<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        if std::mem::replace(&mut self.referred, true) {
            return Err(de::Error::custom("a second `ref`"));
        }
        self.reference = map.next_value()?;
        Ok(())
    }

    pub(super) fn read_room<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        if self.reads_room {
            self.room = map.next_value_seed(ReadRoom)?;
            Ok(())
        } else {
            skip(map)
        }
    }

    pub(super) fn read_id<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        if !self.reads_id {
            return skip(map);
        }
        if self.id.is_some() {
            return Err(de::Error::custom("a second `$id`"));
        }
        self.id = map.next_value_seed(ReadId)?;
        Ok(())
    }

    pub(super) fn check_type<E: de::Error>(&self) -> Result<(), E> {
        if self.typed { Ok(()) } else { Err(E::missing_field("type")) }
    }
}

pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

pub(super) struct ReadType;

impl<'de> DeserializeSeed<'de> for ReadType {
    type Value = Cow<'de, str>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for ReadType {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as `type`")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// `null` counts as none. No `Option<String>`, because the compiler would inline its deserializer into the payload's fields.
struct ReadRoom;

impl<'de> DeserializeSeed<'de> for ReadRoom {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ReadRoom {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as `$room`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }
}

/// `None` if the type is unknown. Generic and inlined, so that a short list is compared in a few instructions, without calls.
#[inline(always)]
pub(super) fn index_of<T: Messages>(kind: &str) -> Option<usize> {
    // No text is a binary message. The constant keeps this from channels without such messages.
    if const { has_binary::<T>() } && kind.starts_with('(') {
        return None;
    }
    // An iterator's method would not be inlined where it is used in several places.
    for (index, known) in T::TYPES.iter().enumerate() {
        if *known == kind {
            return Some(index);
        }
    }
    None
}

pub(super) struct ReadMessage<'e, T, const BARE: bool, const QUICK: bool> {
    head: &'e mut IncomingHead,
    /// The place for the message. A returned message would be copied at each level of the deserializer.
    message: &'e mut Option<T>,
    /// Checked at the `type`. `None` if it is not known before: then the `type` must be before the payload's first field.
    index: Option<usize>,
}

impl<'e, T, const BARE: bool, const QUICK: bool> ReadMessage<'e, T, BARE, QUICK> {
    #[inline]
    pub(super) fn new(head: &'e mut IncomingHead, message: &'e mut Option<T>, index: Option<usize>) -> Self {
        Self { head, message, index }
    }
}

impl<'de, T: Messages, const BARE: bool, const QUICK: bool> Visitor<'de> for ReadMessage<'_, T, BARE, QUICK> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let index = match self.index {
            Some(index) => index,
            None => read_leading_type::<T, A, BARE>(self.head, &mut map)?,
        };
        let mut fields = Fields::<_, BARE, QUICK>::new(self.head, map, T::TYPES[index]);
        *self.message = Some(T::decode(index, &mut fields)?);
        fields.finish()
    }
}

#[inline]
fn read_leading_type<'de, T: Messages, A: MapAccess<'de>, const BARE: bool>(
    head: &mut IncomingHead,
    map: &mut A,
) -> Result<usize, A::Error> {
    loop {
        match map.next_key_seed(ReadKey::<_, BARE>(PhantomData::<IgnoredAny>))? {
            Some(Key::Reserved(Reserved::Type, _)) => {
                head.note_type()?;
                let kind = map.next_value_seed(ReadType)?;
                return index_of::<T>(&kind).ok_or_else(|| unknown_type(&kind));
            }
            Some(Key::Reserved(Reserved::Ref, _)) => head.read_ref(map)?,
            Some(Key::Reserved(Reserved::Room, _)) => head.read_room(map)?,
            Some(Key::Reserved(Reserved::Id, _)) => head.read_id(map)?,
            Some(Key::Reserved(Reserved::Extension, _)) => skip(map)?,
            Some(Key::Field(IgnoredAny)) => return Err(de::Error::custom("`type` is not the first key")),
            None => return Err(de::Error::missing_field("type")),
        }
    }
}

#[cold]
pub(super) fn unknown_type<E: de::Error>(kind: &str) -> E {
    E::custom(format_args!("unknown message type {kind:?}"))
}

pub(super) struct Fields<'e, A, const BARE: bool, const QUICK: bool> {
    head: &'e mut IncomingHead,
    map: A,
    kind: &'static str,
    ended: bool,
    human_readable: bool,
}

impl<'de, 'e, A: MapAccess<'de>, const BARE: bool, const QUICK: bool> Fields<'e, A, BARE, QUICK> {
    #[inline]
    pub(super) fn new(head: &'e mut IncomingHead, map: A, kind: &'static str) -> Self {
        Self { head, map, kind, ended: false, human_readable: true }
    }

    pub(super) fn human_readable(self, human_readable: bool) -> Self {
        Self { human_readable, ..self }
    }

    /// Reads the fields that the payload left unread; a `ref` may be among them.
    #[inline]
    pub(super) fn finish(mut self) -> Result<(), A::Error> {
        self.drain()?;
        self.head.check_type()
    }

    #[inline]
    fn drain(&mut self) -> Result<(), A::Error> {
        while !self.ended && self.next_key_seed(PhantomData::<IgnoredAny>)?.is_some() {
            skip(&mut self.map)?;
        }
        Ok(())
    }

    fn read_reserved(&mut self, key: Reserved) -> Result<(), A::Error> {
        match key {
            Reserved::Type => self.read_type(),
            Reserved::Ref => self.head.read_ref(&mut self.map),
            Reserved::Room => self.head.read_room(&mut self.map),
            Reserved::Id => self.head.read_id(&mut self.map),
            Reserved::Extension => skip(&mut self.map),
        }
    }

    fn read_type(&mut self) -> Result<(), A::Error> {
        self.head.note_type()?;
        let kind = self.map.next_value_seed(ReadType)?;
        if kind == self.kind { Ok(()) } else { Err(unknown_type(&kind)) }
    }
}

impl<'de, A: MapAccess<'de>, const BARE: bool, const QUICK: bool> MapAccess<'de> for Fields<'_, A, BARE, QUICK> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, mut seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.map.next_key_seed(ReadKey::<_, BARE>(seed))? {
                Some(Key::Field(field)) => return Ok(Some(field)),
                Some(Key::Reserved(reserved, unused)) => {
                    self.read_reserved(reserved)?;
                    seed = unused;
                }
                None => {
                    self.ended = true;
                    return Ok(None);
                }
            }
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(Numbers::<_, QUICK>(seed))
    }
}

/// Passes the object to any visitor. A unit is read from any object, where serde_json would require `null`.
impl<'de, A: MapAccess<'de>, const BARE: bool, const QUICK: bool> Deserializer<'de>
    for &mut Fields<'_, A, BARE, QUICK>
{
    type Error = A::Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        self.drain()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, A::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_some(self)
    }

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
