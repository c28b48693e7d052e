//! A macro for wrappers of serializers: the methods that only pass their value on.

/// The methods of a [`Serializer`](serde::ser::Serializer) that wraps another one, `self.$inner` of type `S`, except for texts,
/// floats and wrappers of one value. A compound is passed to `$open`. The second form has further methods.
macro_rules! pass_on {
    (@each $inner:tt, $open:expr, $($method:ident($($argument:ident: $ty:ty),*) $(-> $compound:ident)?),* $(,)?) => {$(
        $crate::protocol::codec::pass_on::pass_on!(@method $inner, $open, $method($($argument: $ty),*) $($compound)?);
    )*};
    (@method $inner:tt, $open:expr, $method:ident($($argument:ident: $ty:ty),*)) => {
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<S::Ok, S::Error> {
            self.$inner.$method($($argument),*)
        }
    };
    (@method $inner:tt, $open:expr, $method:ident($($argument:ident: $ty:ty),*) $compound:ident) => {
        #[inline]
        fn $method(self, $($argument: $ty),*) -> Result<Self::$compound, S::Error> {
            self.$inner.$method($($argument),*).map($open)
        }
    };
    ($inner:tt, $open:expr) => {
        #[inline]
        fn is_human_readable(&self) -> bool {
            self.$inner.is_human_readable()
        }

        $crate::protocol::codec::pass_on::pass_on! { @each $inner, $open,
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
            serialize_bytes(value: &[u8]),
            serialize_none(),
            serialize_unit(),
            serialize_unit_struct(name: &'static str),
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
    };
    ($inner:tt, $open:expr, $($more:tt)+) => {
        $crate::protocol::codec::pass_on::pass_on!($inner, $open);
        $crate::protocol::codec::pass_on::pass_on!(@each $inner, $open, $($more)+);
    };
}

pub(super) use pass_on;
