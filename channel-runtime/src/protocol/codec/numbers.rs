//! Conversion of received numbers to the types of their fields: one that does not fit is an error, never another number.
//!
//! Serde reads an `f32` from any `f64`, so `1e39` would become an infinity; and no integer from `1.0`, as Lua and Godot write 1. So
//! [`Numbers`] wraps the format and each compound value in it, at no cost for others. A derive would not see most numbers.
//!
//! Serde itself buffers the values in `flatten` and in most enums, before their types are known. There `1.0` stays a float, and an
//! `f32` that became infinite is found afterwards: see `decode_carefully`. With serde_json's `arbitrary_precision`, serde reads no
//! number that it has buffered, and a `ref` is an integer without a point.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

/// Below this bound an integer with a fraction of zero is exact: its digits stay below 2^53. Above, serde_json may misread it.
const SURELY_READ: f64 = (1_u64 << 49) as f64;

/// `None` if the float has a fraction, or from [`SURELY_READ`] on.
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < SURELY_READ).then_some(number as i64)
}

fn is_beyond_f32(number: f64) -> bool {
    number.is_finite() && (number as f32).is_infinite()
}

pub(super) fn from_key<'de, T: de::Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Numbers::<_, false>(&mut json)).ok()?;
    json.end().ok().map(|()| value)
}

/// With `QUICK`, a buffered number that would become infinite as an `f32` is an error: the message is not checked afterwards.
pub(super) struct Numbers<T, const QUICK: bool>(pub(super) T);

struct Whole<V>(V);

struct Single<V>(V);

macro_rules! deserialize {
    ($($method:ident($($argument:ident: $ty:ty),*) by $wrap:expr;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* $wrap(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>, const QUICK: bool> Deserializer<'de> for Numbers<D, QUICK> {
    type Error = D::Error;

    deserialize! {
        deserialize_i8() by Whole;
        deserialize_i16() by Whole;
        deserialize_i32() by Whole;
        deserialize_i64() by Whole;
        deserialize_u8() by Whole;
        deserialize_u16() by Whole;
        deserialize_u32() by Whole;
        deserialize_u64() by Whole;
        deserialize_f32() by Single;

        deserialize_any() by Numbers::<_, QUICK>;
        deserialize_option() by Numbers::<_, QUICK>;
        deserialize_newtype_struct(name: &'static str) by Numbers::<_, QUICK>;
        deserialize_seq() by Numbers::<_, QUICK>;
        deserialize_tuple(len: usize) by Numbers::<_, QUICK>;
        deserialize_tuple_struct(name: &'static str, len: usize) by Numbers::<_, QUICK>;
        deserialize_map() by Numbers::<_, QUICK>;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) by Numbers::<_, QUICK>;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) by Numbers::<_, QUICK>;
        // These are arrays of integers in JSON.
        deserialize_bytes() by Numbers::<_, QUICK>;
        deserialize_byte_buf() by Numbers::<_, QUICK>;

        deserialize_bool() by std::convert::identity;
        // serde_json reads these exactly.
        deserialize_i128() by std::convert::identity;
        deserialize_u128() by std::convert::identity;
        deserialize_f64() by std::convert::identity;
        deserialize_char() by std::convert::identity;
        deserialize_str() by std::convert::identity;
        deserialize_string() by std::convert::identity;
        deserialize_unit() by std::convert::identity;
        deserialize_unit_struct(name: &'static str) by std::convert::identity;
        deserialize_identifier() by std::convert::identity;
        deserialize_ignored_any() by std::convert::identity;
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($holder:expr, fn visit_f64($self:ident, $number:ident, $E:ident) $visit_f64:block) => {
        type Value = V::Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(f)
        }

        #[inline]
        fn visit_f64<$E: de::Error>($self, $number: f64) -> Result<V::Value, $E> $visit_f64

        visit! { @plain
            visit_bool(bool), visit_i8(i8), visit_i16(i16), visit_i32(i32), visit_i64(i64), visit_i128(i128), visit_u8(u8),
            visit_u16(u16), visit_u32(u32), visit_u64(u64), visit_u128(u128), visit_f32(f32), visit_char(char),
            visit_str(&str), visit_borrowed_str(&'de str), visit_string(String), visit_bytes(&[u8]),
            visit_borrowed_bytes(&'de [u8]), visit_byte_buf(Vec<u8>)
        }

        #[inline]
        fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_none()
        }

        #[inline]
        fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_unit()
        }

        #[inline]
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
            self.0.visit_some($holder(deserializer))
        }

        #[inline]
        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
            self.0.visit_newtype_struct($holder(deserializer))
        }

        #[inline]
        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
            self.0.visit_seq($holder(items))
        }

        #[inline]
        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
            self.0.visit_map($holder(entries))
        }

        #[inline]
        fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
            self.0.visit_enum($holder(variant))
        }
    };
    (@plain $($method:ident($ty:ty)),*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $ty) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>, const QUICK: bool> Visitor<'de> for Numbers<V, QUICK> {
    visit! { Numbers::<_, QUICK>, fn visit_f64(self, number, E) {
        if QUICK && is_beyond_f32(number) {
            return Err(E::custom("it may be meant for an `f32`"));
        }
        self.0.visit_f64(number)
    }}
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Whole<V> {
    visit! { std::convert::identity, fn visit_f64(self, number, E) {
        match whole(number) {
            Some(whole @ 0..) => self.0.visit_u64(whole.unsigned_abs()),
            Some(whole) => self.0.visit_i64(whole),
            None => self.0.visit_f64(number),
        }
    }}
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Single<V> {
    visit! { std::convert::identity, fn visit_f64(self, number, E) {
        if is_beyond_f32(number) {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        self.0.visit_f64(number)
    }}
}

impl<'de, S: DeserializeSeed<'de>, const QUICK: bool> DeserializeSeed<'de> for Numbers<S, QUICK> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Numbers::<_, QUICK>(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>, const QUICK: bool> SeqAccess<'de> for Numbers<A, QUICK> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Numbers::<_, QUICK>(seed))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, const QUICK: bool> MapAccess<'de> for Numbers<A, QUICK> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Numbers::<_, QUICK>(seed))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Numbers::<_, QUICK>(seed))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>, const QUICK: bool> EnumAccess<'de> for Numbers<A, QUICK> {
    type Error = A::Error;
    type Variant = Numbers<A::Variant, QUICK>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.0.variant_seed(Numbers::<_, QUICK>(seed))?;
        Ok((name, Numbers(variant)))
    }
}

impl<'de, A: VariantAccess<'de>, const QUICK: bool> VariantAccess<'de> for Numbers<A, QUICK> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Numbers::<_, QUICK>(seed))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Numbers::<_, QUICK>(visitor))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Numbers::<_, QUICK>(visitor))
    }
}
