//! Numbers on their way out: JSON has none for NaN and the infinities, in whose place serde_json writes `null`, which is no
//! number to whoever reads it. They are errors here, wherever they stand in a payload.

use std::fmt;

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::message::Messages;

/// What the error says.
const NOT_FINITE: &str = "a number is NaN or infinite, which JSON can't say";

/// Where in a message such a number stands; `None` where all are finite.
#[cold]
pub(super) fn first_infinite<T: Messages>(message: &T) -> Option<serde_path_to_error::Path> {
    let (mut track, mut json) = (serde_path_to_error::Track::new(), serde_json::Serializer::new(std::io::sink()));
    let written = message.encode(serde_path_to_error::Serializer::new(Finite(&mut json), &mut track));
    // What else can't be written may have been read.
    written.is_err_and(|error| error.to_string() == NOT_FINITE).then(|| track.path())
}

/// A serializer, or what it has opened, that writes finite numbers alone.
pub(super) struct Finite<S>(pub(super) S);

/// A value that is written by such a serializer.
pub(super) struct InFinite<'a, T: ?Sized>(pub(super) &'a T);

impl<T: Serialize + ?Sized> Serialize for InFinite<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Finite(serializer))
    }
}

macro_rules! pass_on {
    ($($method:ident($($argument:ident: $ty:ty),*) $(-> $compound:ident)?),* $(,)?) => {$(
        pass_on!(@method $method($($argument: $ty),*) $($compound)?);
    )*};
    (@method $method:ident($($argument:ident: $ty:ty),*)) => {
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($argument),*)
        }
    };
    (@method $method:ident($($argument:ident: $ty:ty),*) $compound:ident) => {
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<Self::$compound, S::Error> {
            self.0.$method($($argument),*).map(Finite)
        }
    };
}

macro_rules! only_finite {
    ($($method:ident($float:ty)),*) => {$(
        #[inline]
        fn $method(self, number: $float) -> Result<S::Ok, S::Error> {
            // Other formats have numbers of their own for these.
            if number.is_finite() || !self.0.is_human_readable() {
                self.0.$method(number)
            } else {
                Err(S::Error::custom(NOT_FINITE))
            }
        }
    )*};
}

impl<S: Serializer> Serializer for Finite<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Finite<S::SerializeSeq>;
    type SerializeTuple = Finite<S::SerializeTuple>;
    type SerializeTupleStruct = Finite<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Finite<S::SerializeTupleVariant>;
    type SerializeMap = Finite<S::SerializeMap>;
    type SerializeStruct = Finite<S::SerializeStruct>;
    type SerializeStructVariant = Finite<S::SerializeStructVariant>;

    only_finite!(serialize_f32(f32), serialize_f64(f64));

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&InFinite(value))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &InFinite(value))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &InFinite(value))
    }

    #[inline]
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    pass_on! {
        serialize_bool(value: bool),
        serialize_i8(value: i8),
        serialize_i16(value: i16),
        serialize_i32(value: i32),
        serialize_i64(value: i64),
        serialize_i128(value: i128),
        serialize_u8(value: u8),
        serialize_u16(value: u16),
        serialize_u32(value: u32),
        serialize_u64(value: u64),
        serialize_u128(value: u128),
        serialize_char(value: char),
        serialize_str(value: &str),
        serialize_bytes(value: &[u8]),
        serialize_none(),
        serialize_unit(),
        serialize_unit_struct(name: &'static str),
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str),
        serialize_seq(len: Option<usize>) -> SerializeSeq,
        serialize_tuple(len: usize) -> SerializeTuple,
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct,
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant,
        serialize_map(len: Option<usize>) -> SerializeMap,
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct,
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant,
    }
}

/// What holds values one after the other.
macro_rules! items {
    ($($compound:ident::$method:ident),*) => {$(
        impl<C: $compound> $compound for Finite<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.0.$method(&InFinite(value))
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

items! {
    SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
}

/// What holds them by names that are known.
macro_rules! fields {
    ($($compound:ident),*) => {$(
        impl<C: $compound> $compound for Finite<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), C::Error> {
                self.0.serialize_field(key, &InFinite(value))
            }

            #[inline]
            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.0.skip_field(key)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

/// Keys are text, and serde_json makes none of such numbers.
impl<C: SerializeMap> SerializeMap for Finite<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.0.serialize_key(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.0.serialize_value(&InFinite(value))
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.0.serialize_entry(key, &InFinite(value))
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.0.end()
    }
}
