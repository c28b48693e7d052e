//! The check of an outgoing map's keys: a payload must not write a reserved key.

use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::ser::Serializer;

use super::error::EncodeRefusal;
use super::key::is_reserved;
use super::pass_on::pass_on;

pub(super) struct Guarded<'a, K: ?Sized, const BARE: bool> {
    key: &'a K,
    refusal: &'a Cell<Option<EncodeRefusal>>,
}

impl<'a, K: ?Sized, const BARE: bool> Guarded<'a, K, BARE> {
    #[inline]
    pub(super) fn new(key: &'a K, refusal: &'a Cell<Option<EncodeRefusal>>) -> Self {
        Self { key, refusal }
    }
}

impl<K: Serialize + ?Sized, const BARE: bool> Serialize for Guarded<'_, K, BARE> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(Guard::<_, BARE> { inner: serializer, refusal: self.refusal })
    }
}

struct Guard<'a, S, const BARE: bool> {
    inner: S,
    refusal: &'a Cell<Option<EncodeRefusal>>,
}

impl<S: Serializer, const BARE: bool> Guard<'_, S, BARE> {
    #[inline]
    fn check(&self, key: &str) -> Result<(), S::Error> {
        if is_reserved::<BARE>(key) {
            return Err(EncodeRefusal::ReservedKey(key.to_owned()).leave(self.refusal));
        }
        Ok(())
    }
}

impl<S: Serializer, const BARE: bool> Serializer for Guard<'_, S, BARE> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = S::SerializeTuple;
    type SerializeTupleStruct = S::SerializeTupleStruct;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = S::SerializeStructVariant;

    #[inline]
    fn serialize_str(self, key: &str) -> Result<S::Ok, S::Error> {
        self.check(key)?;
        self.inner.serialize_str(key)
    }

    fn serialize_char(self, key: char) -> Result<S::Ok, S::Error> {
        self.check(key.encode_utf8(&mut [0; 4]))?;
        self.inner.serialize_char(key)
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.check(variant)?;
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, key: &T) -> Result<S::Ok, S::Error> {
        self.serialize_str(&key.to_string())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Guarded::<_, BARE>::new(key, self.refusal))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, key: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &Guarded::<_, BARE>::new(key, self.refusal))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        key: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(name, index, variant, key)
    }

    pass_on!(inner, std::convert::identity, serialize_f32(value: f32), serialize_f64(value: f64));
}
