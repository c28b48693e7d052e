//! The trait [`Envelope`].

use std::borrow::Cow;

#[cfg(feature = "server")]
use serde::Serialize;

use super::framed;
use super::incoming::{Incoming, Malformed};
use super::outgoing::{Out, Outgoing};
use super::places::Places;
use crate::protocol::codec::{DecodeError, Decoded, EncodeError, Head, ReceivedText};
#[cfg(feature = "server")]
use crate::protocol::fault::Fault;
use crate::protocol::message::Messages;
#[cfg(feature = "server")]
use crate::protocol::message::{Message, Ref};

/// How a channel's messages stand in a text: what is around the payload, and where. `#[channel(envelope = JsonRpc)]` on the impl
/// block names it.
///
/// An envelope is two functions, one that takes a text apart and one that writes it. Dispatch, answers, rates, batches and errors
/// with their place in the text then work as in the framework's own envelope, [`Flat`](super::Flat). A whole one:
///
/// ```
/// use channel_runtime::envelope::{array, string, Envelope, Incoming, IncomingMessage, Malformed, Out, Outgoing, Places};
///
/// /// `["type", payload]`, without answers.
/// pub enum Pair {}
///
/// impl Envelope for Pair {
///     const NAME: &'static str = "pair";
///     const PLACES: Places = Places::NONE;
///
///     fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
///         let [kind, payload] = array::<2>(text)?[..] else { return Err(Malformed::new("an array of two")) };
///         let kind = string(kind).ok_or_else(|| Malformed::new("the type is a string").at(text, kind))?;
///         Ok(IncomingMessage::new(kind, payload).into())
///     }
///
///     fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
///         if let Outgoing::Message { kind, .. } = frame {
///             out.raw("[").json(kind).raw(",").payload().raw("]");
///         }
///     }
/// }
/// ```
///
/// Several envelopes of other protocols are in [`envelope`](crate::envelope); docs/envelopes.md writes one in five steps.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no envelope",
    label = "not an envelope",
    note = "name `JsonRpc`, `Phoenix` or `Bare` of `channel_runtime::envelope`, or a type of yours that implements `Envelope`"
)]
pub trait Envelope: Sized + Send + Sync + 'static {
    /// Its name, for logs, descriptions and the lock.
    const NAME: &'static str;

    /// The subprotocols that its clients offer, at most 64. A channel knows them behind those of its own `subprotocols(..)`; only a
    /// channel with a list of its own refuses clients that offer none.
    const SUBPROTOCOLS: &'static [&'static str] = &[];

    /// What it has a place for beside messages.
    const PLACES: Places;

    /// Takes a text of the peer apart. A panic in it is caught, and closes the connection as a panic in a `Deserialize` does.
    ///
    /// # Errors
    /// If the text is none of this envelope's.
    fn read(text: &str) -> Result<Incoming<'_>, Malformed>;

    /// Writes a frame. A panic in it closes the connection, as a panic in a handler does.
    ///
    /// If it writes nothing, nothing is sent: the envelope has no place for it. [`Sent`](crate::Sent) counts it as a message that could
    /// not be encoded.
    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>);

    /// How the room of this path is named in a frame, such as `room:7` for `/room/7`. Called only with
    /// [`topics`](Places::topics).
    fn topic(path: &str) -> Cow<'_, str> {
        path.into()
    }

    // Overridden by the framework's own envelope, and by those that are more than a frame around the payload.

    #[doc(hidden)]
    const IS_FLAT: bool = false;

    /// Whether the key `type` of a payload is its own.
    #[doc(hidden)]
    const KEEPS_TYPE: bool = Self::IS_FLAT;

    /// `topic` is the connection's own, if the envelope has topics.
    #[doc(hidden)]
    #[inline]
    fn decode<T: Messages>(text: &str, topic: Option<&str>) -> Decoded<T> {
        framed::decode(text, topic, Self::read)
    }

    /// The client's side.
    #[doc(hidden)]
    fn receive<T: Messages>(text: &str) -> Result<ReceivedText<T>, DecodeError> {
        framed::receive(text, Self::read, |text| Self::decode(text, None).message)
    }

    /// The type was found by [`index`](Self::index) already.
    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn decode_at<T: Messages>(text: &str, _index: usize, topic: Option<&str>) -> Decoded<T> {
        Self::decode(text, topic)
    }

    /// The place of the message's type. `None` if it is missing or unknown.
    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn index<T: Messages>(text: &str) -> Option<usize> {
        framed::index::<T>(Self::read(text))
    }

    /// What an answer to this text would name.
    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn reference(text: &str) -> Option<Ref> {
        framed::reference(Self::read(text))
    }

    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn encode<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        framed::encode(message, framed::said, head, out, Self::write)
    }

    #[doc(hidden)]
    fn encode_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        framed::encode_one_of(message, framed::said, head, out, Self::write)
    }

    /// A message that the peer is to answer. `head` has a reference.
    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn ask<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        framed::encode(message, framed::asked, head, out, Self::write)
    }

    #[doc(hidden)]
    fn ask_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        framed::encode_one_of(message, framed::asked, head, out, Self::write)
    }

    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn success<T: Serialize + ?Sized>(
        data: Option<(&T, &str)>,
        head: Head<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        framed::success(data.map(|(data, _)| data), head, out, Self::write)
    }

    #[cfg(feature = "server")]
    #[doc(hidden)]
    fn fault(fault: &Fault, _timestamp: &str, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        framed::fault(fault, head, out, Self::write)
    }
}
