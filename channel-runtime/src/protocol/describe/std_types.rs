//! `Describe` for the types of the standard library, as serde writes them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroU128, NonZeroUsize, Saturating, Wrapping,
};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime};

use super::{Base64, Content, Definition, Describe, Field, Kind, Type};

macro_rules! is {
    ($($ty:ty)+ => $described:expr) => {
        $(impl Describe for $ty {
            const TYPE: Type = $described;
        })+
    };
}
pub(super) use is;

const TEXT: Type = Type::Text { format: None };
const U64: Type = <u64 as Describe>::TYPE;
const U32: Type = <u32 as Describe>::TYPE;

is!(bool AtomicBool => Type::Bool);
is!(() => Type::Null);
is!(u8 NonZeroU8 => Type::Integer { signed: false, bits: 8 });
is!(u16 NonZeroU16 => Type::Integer { signed: false, bits: 16 });
is!(u32 NonZeroU32 AtomicU32 => Type::Integer { signed: false, bits: 32 });
// `usize` and `isize` are 64 bits on every machine, because clients do not know the server's.
is!(u64 NonZeroU64 AtomicU64 usize NonZeroUsize AtomicUsize => Type::Integer { signed: false, bits: 64 });
is!(u128 NonZeroU128 => Type::Integer { signed: false, bits: 128 });
is!(i8 NonZeroI8 => Type::Integer { signed: true, bits: 8 });
is!(i16 NonZeroI16 => Type::Integer { signed: true, bits: 16 });
is!(i32 NonZeroI32 AtomicI32 => Type::Integer { signed: true, bits: 32 });
is!(i64 NonZeroI64 AtomicI64 isize NonZeroIsize => Type::Integer { signed: true, bits: 64 });
is!(i128 NonZeroI128 => Type::Integer { signed: true, bits: 128 });
is!(f32 => Type::Float { bits: 32 });
is!(f64 => Type::Float { bits: 64 });
is!(Base64 => Type::Text { format: Some("base64") });
is!(char => Type::Text { format: Some("char") });
is!(str String Path PathBuf => TEXT);
is!(Ipv4Addr => Type::Text { format: Some("ipv4") });
is!(Ipv6Addr => Type::Text { format: Some("ipv6") });
is!(IpAddr => Type::Text { format: Some("ip") });
is!(SocketAddr SocketAddrV4 SocketAddrV6 => Type::Text { format: Some("socket-address") });

macro_rules! object {
    ($name:literal: $($key:literal: $ty:expr),+) => {
        Type::Named(&Definition::new(
            $name,
            "std",
            Kind::Struct(Content::Fields { fields: &[$(Field::new($key, $ty)),+], closed: true }),
        ))
    };
}

is!(Duration => object!("Duration": "secs": U64, "nanos": U32));
is!(SystemTime => object!("SystemTime": "secs_since_epoch": U64, "nanos_since_epoch": U32));

macro_rules! as_inner {
    ($($wrapper:ident)+) => {
        $(impl<T: Describe> Describe for $wrapper<T> {
            const TYPE: Type = T::TYPE;
        })+
    };
}

as_inner!(Cell RefCell Mutex RwLock Reverse Wrapping Saturating);

macro_rules! as_unsized_inner {
    ($($wrapper:ident)+) => {
        $(impl<T: Describe + ?Sized> Describe for $wrapper<T> {
            const TYPE: Type = T::TYPE;
        })+
    };
}

as_unsized_inner!(Box Rc Arc);

impl<T: Describe + ?Sized> Describe for &T {
    const TYPE: Type = T::TYPE;
}

impl<T: Describe + ToOwned + ?Sized> Describe for Cow<'_, T> {
    const TYPE: Type = T::TYPE;
}

impl<T: ?Sized> Describe for PhantomData<T> {
    const TYPE: Type = Type::Null;
}

impl<T: Describe> Describe for Option<T> {
    const TYPE: Type = Type::Nullable(&T::TYPE);
}

macro_rules! list {
    ($($list:ident)+) => {
        $(impl<T: Describe> Describe for $list<T> {
            const TYPE: Type = Type::List(&T::TYPE);
        })+
    };
}

list!(Vec VecDeque LinkedList BTreeSet BinaryHeap);

impl<T: Describe, S> Describe for HashSet<T, S> {
    const TYPE: Type = Type::List(&T::TYPE);
}

impl<T: Describe> Describe for [T] {
    const TYPE: Type = Type::List(&T::TYPE);
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const TYPE: Type = Type::Array(&T::TYPE, N);
}

impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    const TYPE: Type = Type::Record { key: &K::TYPE, value: &V::TYPE };
}

impl<K: Describe, V: Describe, S> Describe for HashMap<K, V, S> {
    const TYPE: Type = Type::Record { key: &K::TYPE, value: &V::TYPE };
}

macro_rules! range {
    ($($range:ident)+) => {
        $(impl<T: Describe> Describe for $range<T> {
            const TYPE: Type = Type::Named(&Definition {
                arguments: &[T::TYPE],
                ..Definition::new("Range", "std", Kind::Struct(Content::Fields {
                    fields: &[Field::new("start", T::TYPE), Field::new("end", T::TYPE)],
                    closed: true,
                }))
            });
        })+
    };
}

range!(Range RangeInclusive);

macro_rules! tuple {
    ($($item:ident)+) => {
        impl<$($item: Describe),+> Describe for ($($item,)+) {
            const TYPE: Type = Type::Tuple(&[$($item::TYPE),+]);
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
