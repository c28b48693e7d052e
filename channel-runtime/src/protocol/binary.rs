//! How a binary message's own bytes are read and written: by functions of its struct, or by a codec of the user's.

use std::fmt::Display;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads and writes the binary messages that name it: `#[message(binary, kind = 1, codec = Postcard)]`.
///
/// A codec is a type of your own, in front of a serde format, such as postcard or MessagePack:
///
/// ```
/// use std::fmt::Display;
///
/// use channel_runtime::BinaryCodec;
/// use serde::{Serialize, de::DeserializeOwned};
///
/// pub enum Postcard {}
///
/// impl BinaryCodec for Postcard {
///     fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, impl Display> {
///         match postcard::take_from_bytes(data) {
///             Ok((message, [])) => Ok(message),
///             Ok(_) => Err("there are bytes behind it".to_owned()),
///             Err(error) => Err(error.to_string()),
///         }
///     }
///
///     fn write<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl Display> {
///         postcard::to_io(message, out).map(drop) // Its feature `use-std` has `to_io`.
///     }
/// }
/// ```
///
/// Neither function sees the message's first byte, which is its kind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no codec of binary messages",
    label = "this type reads and writes no bytes",
    note = "implement `channel_runtime::BinaryCodec` for it, a type of yours in front of a serde format: `pub enum Postcard {{}}`"
)]
pub trait BinaryCodec {
    /// Reads a message from the bytes behind its kind. It should refuse bytes that are left over, which many formats pass over, as
    /// `postcard::from_bytes` and `rmp_serde::from_slice` do: otherwise a client may send any bytes behind a message, up to
    /// `Config::message_bytes`.
    ///
    /// # Errors
    ///
    /// The error's text is sent to the client, cut to 256 bytes, as the reason why its message is invalid.
    fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, impl Display>;

    /// Appends a message's bytes to `out`, which has content already.
    ///
    /// # Errors
    ///
    /// Then the message is not sent, and the error is logged.
    fn write<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl Display>;
}

/// The functions of a codec for one type of message.
#[expect(missing_debug_implementations, reason = "the macro's alone")]
pub struct ByCodec<M> {
    /// Reads a message.
    pub read: fn(&[u8]) -> Result<M, String>,
    /// Writes a message.
    pub write: fn(&M, &mut Vec<u8>) -> Result<(), String>,
}

/// Both functions at once, so that a type that is no codec is one error. It is named in a call alone: the codec of a message that is
/// `pub` may be private.
#[must_use]
pub const fn by_codec<C: BinaryCodec, M: Serialize + DeserializeOwned>() -> ByCodec<M> {
    ByCodec {
        read: |data| C::read(data).map_err(|error| error.to_string()),
        write: |message, out| C::write(message, out).map_err(|error| error.to_string()),
    }
}

/// What a message's `from_bytes` may take.
#[diagnostic::on_unimplemented(
    message = "`from_bytes` of a binary message takes `Bytes`, and nothing else",
    label = "its `from_bytes` takes something else",
    note = "write `fn from_bytes(data: Bytes) -> Result<Self, E>`, with `channel_runtime::Bytes`, which derefs to `[u8]`"
)]
pub trait TakesBytes<Q, R> {
    /// Calls the function.
    fn call(self, data: Bytes) -> R;
}

#[diagnostic::do_not_recommend]
impl<R, F: FnOnce(Bytes) -> R> TakesBytes<Bytes, R> for F {
    fn call(self, data: Bytes) -> R {
        self(data)
    }
}

/// Is never implemented.
pub trait Never {}

/// With one impl the compiler would report that impl's bound, and not [`TakesBytes`].
#[diagnostic::do_not_recommend]
impl<R, F: Never> TakesBytes<Missing, R> for F {
    fn call(self, _: Bytes) -> R {
        unreachable!("nothing implements `Never`")
    }
}

/// What a message's `from_bytes` may return.
#[diagnostic::on_unimplemented(
    message = "`{M}` can't be read from bytes",
    label = "no `from_bytes` that returns `Result<{M}, E>`",
    note = "write `fn from_bytes(data: Bytes) -> Result<Self, E>`, with an error that is `Display`, and `fn to_bytes(&self, out: &mut Vec<u8>)` in `impl {M} {{ .. }}`, both visible where the struct is",
    note = "or name a codec: `#[message(binary, kind = .., codec = Postcard)]`, a type of yours that implements `BinaryCodec`"
)]
pub trait FromBytes<M> {
    /// The message, or why it is refused.
    fn read(self) -> Result<M, String>;
}

impl<M, E: Reason> FromBytes<M> for Result<M, E> {
    fn read(self) -> Result<M, String> {
        self.map_err(Reason::text)
    }
}

/// The error of `from_bytes` and `to_bytes`.
#[diagnostic::on_unimplemented(
    message = "`{Self}`, the error of a binary message's function, is not `Display`",
    label = "its error is not `Display`",
    note = "write `impl Display for {Self}`, or return a `String` or a `&'static str`: the text of a refusal is sent to the client"
)]
pub trait Reason {
    /// Its `Display`.
    fn text(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<E: Display> Reason for E {
    fn text(self) -> String {
        self.to_string()
    }
}

/// What a message's `to_bytes` may take: the message, by a reference or by value (`Q`), and where to write it.
#[diagnostic::on_unimplemented(
    message = "`to_bytes` of a binary message takes `&self` and `&mut Vec<u8>`, and nothing else",
    label = "its `to_bytes` takes something else",
    note = "write `fn to_bytes(&self, out: &mut Vec<u8>)`, which appends to `out`; a struct that is `Copy` may be taken by value, `self`"
)]
pub trait TakesOut<'a, M, Q, R> {
    /// Calls the function.
    fn call(self, message: &'a M, out: &'a mut Vec<u8>) -> R;
}

#[diagnostic::do_not_recommend]
impl<'a, M, R, F: FnOnce(&'a M, &'a mut Vec<u8>) -> R> TakesOut<'a, M, &'a M, R> for F {
    fn call(self, message: &'a M, out: &'a mut Vec<u8>) -> R {
        self(message, out)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, M: Copy, R, F: FnOnce(M, &'a mut Vec<u8>) -> R> TakesOut<'a, M, M, R> for F {
    fn call(self, message: &'a M, out: &'a mut Vec<u8>) -> R {
        self(*message, out)
    }
}

/// What a message's `to_bytes` may return.
#[diagnostic::on_unimplemented(
    message = "`{M}` can't be written as bytes",
    label = "no `to_bytes` that returns nothing, or a `Result<(), E>`",
    note = "write `fn to_bytes(&self, out: &mut Vec<u8>)` in `impl {M} {{ .. }}`, which appends to `out`, visible where the struct is",
    note = "or name a codec: `#[message(binary, kind = .., codec = Postcard)]`, a type of yours that implements `BinaryCodec`"
)]
pub trait ToBytes<M> {
    /// Why the message can't be written.
    fn written(self) -> Result<(), String>;
}

impl<M> ToBytes<M> for () {
    fn written(self) -> Result<(), String> {
        Ok(())
    }
}

impl<M, E: Reason> ToBytes<M> for Result<(), E> {
    fn written(self) -> Result<(), String> {
        self.map_err(Reason::text)
    }
}

/// Reads a message by its `from_bytes`.
pub fn from_bytes<M, Q, R: FromBytes<M>, F: TakesBytes<Q, R>>(read: F, data: Bytes) -> Result<M, String> {
    read.call(data).read()
}

/// Writes a message by its `to_bytes`.
pub fn to_bytes<'a, M, Q, R: ToBytes<M>, F: TakesOut<'a, M, Q, R>>(
    write: F,
    message: &'a M,
    out: &'a mut Vec<u8>,
) -> Result<(), String> {
    write.call(message, out).written()
}

/// Stands for what a missing function would return.
#[derive(Debug)]
pub struct Missing;

/// Found where a struct has no `from_bytes` of its own, as in `describe::probe`.
pub trait NoFromBytes: Sized {
    /// Is never called.
    fn from_bytes(_: Bytes) -> Missing {
        Missing
    }
}

impl<M> NoFromBytes for M {}

/// Found where a struct has no `to_bytes` of its own.
pub trait NoToBytes {
    /// Is never called.
    fn to_bytes(&self, _: &mut Vec<u8>) -> Missing {
        Missing
    }
}

impl<M> NoToBytes for M {}
