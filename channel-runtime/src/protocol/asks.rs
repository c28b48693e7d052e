//! What a client may send to a channel, each with the answer that the channel's handler gives.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::value::RawValue;

use crate::protocol::codec::{self, DecodeError, ReceivedBody};
use crate::protocol::halves::Protocol;
use crate::protocol::message::{Message, Messages, Success};

/// A message that clients may send to channel `C`. `R` is what its handler returns, which the compiler finds by itself.
///
/// With the feature `client`, `#[channel]` on the impl block implements it for each message that the channel handles, and for the
/// enum `..FromClient` as a whole, whose answer is a [`ReceivedBody`]. For a message without a struct the enum has a function of the
/// handler's name: `GameFromClient::leave_game()`. A program that does not have the server's code implements it by hand, beside
/// [`Protocol`].
///
/// `client.request(..)` of the crate `channel-client` takes it, and gives the answer as [`Answered`] reads it.
#[diagnostic::on_unimplemented(
    message = "`{C}` handles no `{Self}`",
    label = "not a message that clients may send to `{C}`",
    note = "a handler takes it: `#[message] fn handler(&self, message: {Self}) {{ .. }}` in `#[channel] impl {C} {{ .. }}`",
    note = "what `{C}` lists in `sends(..)` is received by clients, and not sent",
    note = "a message without a struct is a function of the enum, by the handler's name: `{C}FromClient::handler()`"
)]
pub trait Asks<C: Protocol, R>: Sized {
    /// The message as one of all that clients may send.
    fn into_message(self) -> C::FromClient;
}

/// What a handler returns, as its client reads it.
///
/// | returned | read |
/// |---|---|
/// | `()`, `Bytes`, `Text` | `()` |
/// | a message | the message |
/// | the generated `..ToClient` enum | that enum |
/// | `Success<T>` | `T`, which implements `serde::Deserialize` |
/// | `Option<R>` | an `Option` of what `R` is read as |
/// | `Result<R, E>`, `Deferred<R>` | as `R` |
///
/// The handler of a batch returns nothing: its answer is the third type of its `Batched<Self, Message, R>`.
///
/// What no type says, such as the answer of `defer()` without `typed()` or of a batch that declares none, is read as a
/// [`ReceivedBody`].
#[diagnostic::on_unimplemented(
    message = "a client of `{C}` can't read `{Self}`",
    label = "this answer can't be read",
    note = "if it is `Success(..)`, derive `serde::Deserialize` for what is in it; it has no references",
    note = "the answer as it stands: `request({C}FromClient::from(message))`"
)]
pub trait Answered<C: Protocol> {
    /// The answer.
    type Answer: Send + 'static;

    /// Whether a `success` without data is the answer, and not its absence.
    #[doc(hidden)]
    const IS_PLAIN: bool = false;

    /// Reads the text of the answer, which is no error frame.
    ///
    /// # Errors
    /// If it is not an answer of this type.
    fn read(text: &str) -> Result<Self::Answer, DecodeError>;
}

/// A message without fields that has no struct, of channel `C`: from the functions of the generated `..FromClient` enum.
#[derive(Clone, Copy, Debug)]
pub struct UnitMessage<M, const TYPE: u64> {
    message: fn() -> M,
}

impl<M, const TYPE: u64> UnitMessage<M, TYPE> {
    #[doc(hidden)]
    pub const fn new(message: fn() -> M) -> Self {
        Self { message }
    }

    #[doc(hidden)]
    pub fn into_message(self) -> M {
        (self.message)()
    }
}

/// What a handler returns if nobody knows: its answer is read as it stands.
#[derive(Clone, Copy, Debug)]
pub enum AnyAnswer {}

impl<C: Protocol> Answered<C> for AnyAnswer {
    type Answer = ReceivedBody<C::ToClient>;

    fn read(text: &str) -> Result<Self::Answer, DecodeError> {
        codec::receive(text).map(|received| received.body)
    }
}

impl<C: Protocol> Answered<C> for () {
    type Answer = ();

    const IS_PLAIN: bool = true;

    fn read(_: &str) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// The bytes are a message before the answer, which is a plain `success`.
impl<C: Protocol> Answered<C> for Bytes {
    type Answer = ();

    const IS_PLAIN: bool = true;

    fn read(_: &str) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl<C: Protocol, M: Message> Answered<C> for M {
    type Answer = M;

    fn read(text: &str) -> Result<M, DecodeError> {
        const {
            assert!(
                M::KIND.is_none(),
                "a binary message is no answer, because it has no `ref`: request the enum, `..FromClient::from(message)`, \
                 and receive the message by `events()`"
            );
        }
        read_one_of::<Only<M>>(text).map(|only| only.0)
    }
}

impl<C: Protocol, T: DeserializeOwned + Send + 'static> Answered<C> for Success<T> {
    type Answer = T;

    fn read(text: &str) -> Result<T, DecodeError> {
        let data = data(text)?.map_or("null", RawValue::get);
        codec::read_value::<_, false>(text, SUCCESS, data)
    }
}

impl<C: Protocol, R: Answered<C>> Answered<C> for Option<R> {
    type Answer = Option<R::Answer>;

    fn read(text: &str) -> Result<Self::Answer, DecodeError> {
        if !R::IS_PLAIN && matches!(data(text), Ok(None)) {
            return Ok(None);
        }
        R::read(text).map(Some)
    }
}

impl<C: Protocol, R: Answered<C>, E> Answered<C> for Result<R, E> {
    type Answer = R::Answer;

    const IS_PLAIN: bool = R::IS_PLAIN;

    fn read(text: &str) -> Result<Self::Answer, DecodeError> {
        R::read(text)
    }
}

/// An answer that is one of these messages.
///
/// # Errors
/// If it is another message, or none.
pub fn read_one_of<T: Messages>(text: &str) -> Result<T, DecodeError> {
    match codec::receive(text)?.body {
        ReceivedBody::Message(message) => Ok(message),
        ReceivedBody::Success(_) => Err(DecodeError::unknown_type(SUCCESS)),
        ReceivedBody::Error { .. } => Err(DecodeError::unknown_type("error")),
        ReceivedBody::Unknown { kind, .. } => Err(DecodeError::unknown_type(&kind)),
    }
}

const SUCCESS: &str = "success";

/// The `data` of a `success`, also if it is null. `None` if it has none.
fn data(text: &str) -> Result<Option<&RawValue>, DecodeError> {
    #[derive(Deserialize)]
    struct Frame<'t> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'t, str>,
        #[serde(borrow, default, deserialize_with = "given")]
        data: Option<&'t RawValue>,
    }
    fn given<'de, D: Deserializer<'de>>(data: D) -> Result<Option<&'de RawValue>, D::Error> {
        <&RawValue>::deserialize(data).map(Some)
    }
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|error| DecodeError::malformed(&error))?;
    match &*frame.kind {
        SUCCESS => Ok(frame.data),
        other => Err(DecodeError::unknown_type(other)),
    }
}

/// A set of one message.
struct Only<M>(M);

impl<M: Message> Messages for Only<M> {
    const TYPES: &'static [&'static str] = &[M::TYPE];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        M::from_fields(fields).map(Self)
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_fields(serializer)
    }
}
