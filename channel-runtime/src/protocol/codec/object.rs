//! The serializer of an outgoing object: it writes the protocol's own keys first, then the payload's fields.

use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeStruct, Serializer};

use super::error::EncodeRefusal;
use super::finite::InFinite;
use super::head::Head;
use super::key::is_reserved;
use super::key_guard::Guarded;

pub(super) struct ObjectSerializer<'a, S, const BARE: bool> {
    inner: S,
    kind: &'static str,
    head: Head<'a>,
    refusal: &'a Cell<Option<EncodeRefusal>>,
}

impl<'a, S: Serializer, const BARE: bool> ObjectSerializer<'a, S, BARE> {
    #[inline]
    pub(super) fn new(inner: S, kind: &'static str, head: Head<'a>, refusal: &'a Cell<Option<EncodeRefusal>>) -> Self {
        Self { inner, kind, head, refusal }
    }

    #[inline]
    pub(super) fn open(self, fields: Option<usize>) -> Result<Object<'a, S::SerializeMap, BARE>, S::Error> {
        let Head { reference, room } = self.head;
        let own = 1 + usize::from(reference.is_some()) + usize::from(room.is_some());
        let mut map = self.inner.serialize_map(fields.map(|fields| fields + own))?;
        map.serialize_entry("type", self.kind)?;
        if let Some(reference) = reference {
            map.serialize_entry("ref", reference)?;
        }
        if let Some(room) = room {
            map.serialize_entry("$room", room)?;
        }
        Ok(Object { map, refusal: self.refusal })
    }

    fn refuse<T>(self, found: &'static str) -> Result<T, S::Error> {
        Err(EncodeRefusal::NotAnObject(found).leave(self.refusal))
    }
}

pub(super) struct Object<'a, M, const BARE: bool> {
    map: M,
    refusal: &'a Cell<Option<EncodeRefusal>>,
}

impl<M: SerializeMap, const BARE: bool> SerializeStruct for Object<'_, M, BARE> {
    type Ok = M::Ok;
    type Error = M::Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), M::Error> {
        if is_reserved::<BARE>(key) {
            return Err(EncodeRefusal::ReservedKey(key.to_owned()).leave(self.refusal));
        }
        self.map.serialize_entry(key, &InFinite(value))
    }

    #[inline]
    fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

impl<M: SerializeMap, const BARE: bool> SerializeMap for Object<'_, M, BARE> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), M::Error> {
        self.map.serialize_key(&Guarded::<_, BARE>::new(key, self.refusal))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), M::Error> {
        self.map.serialize_value(&InFinite(value))
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), M::Error> {
        self.map.serialize_entry(&Guarded::<_, BARE>::new(key, self.refusal), &InFinite(value))
    }

    fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) $(-> $compound:ident)?: $found:literal),* $(,)?) => {$(
        fn $method(self, $(_: $argument),*) -> refuse!(@result $($compound)?) {
            self.refuse($found)
        }
    )*};
    (@result) => { Result<S::Ok, S::Error> };
    (@result $compound:ident) => { Result<Self::$compound, S::Error> };
}

impl<'a, S: Serializer, const BARE: bool> Serializer for ObjectSerializer<'a, S, BARE> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeMap = Object<'a, S::SerializeMap, BARE>;
    type SerializeStruct = Object<'a, S::SerializeMap, BARE>;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    #[inline]
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.open(Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.open(len)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        SerializeMap::end(self.open(Some(0))?)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refuse("an enum")
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.refuse("a string")
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    refuse! {
        serialize_bool(bool): "a boolean",
        serialize_i8(i8): "a number",
        serialize_i16(i16): "a number",
        serialize_i32(i32): "a number",
        serialize_i64(i64): "a number",
        serialize_i128(i128): "a number",
        serialize_u8(u8): "a number",
        serialize_u16(u16): "a number",
        serialize_u32(u32): "a number",
        serialize_u64(u64): "a number",
        serialize_u128(u128): "a number",
        serialize_f32(f32): "a number",
        serialize_f64(f64): "a number",
        serialize_char(char): "a string",
        serialize_str(&str): "a string",
        serialize_bytes(&[u8]): "an array",
        serialize_none(): "null",
        serialize_unit_variant(&'static str, u32, &'static str): "an enum",
        serialize_seq(Option<usize>) -> SerializeSeq: "an array",
        serialize_tuple(usize) -> SerializeTuple: "an array",
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct: "an array",
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant: "an enum",
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant: "an enum",
    }
}
