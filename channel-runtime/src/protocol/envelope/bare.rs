//! Objects that are known by their `type`, as graphql-transport-ws has them.

#[cfg(feature = "server")]
use serde::Serialize;

use super::definition::Envelope;
use super::incoming::{Incoming, IncomingMessage, Malformed};
use super::outgoing::{Out, Outgoing};
use super::parts::{object, string};
use super::places::Places;
use crate::protocol::codec::{self, Decoded, EncodeError, Head};
#[cfg(feature = "server")]
use crate::protocol::fault::Fault;
use crate::protocol::message::Messages;
#[cfg(feature = "server")]
use crate::protocol::message::{Message, Ref};

/// An object that is known by its `type`, with the message's fields beside it: graphql-transport-ws, and many protocols that
/// somebody has made for one program.
///
/// ```json
/// {"type":"subscribe","id":"1","payload":{"query":"subscription { ticks }"}}
/// ```
///
/// No other key is reserved: `id`, `ref`, and keys that start with `$` are fields like any other. The framework adds nothing of its
/// own. A message that a handler returns is sent; `()` sends nothing. There is no place for a `Success` and for errors:
/// what can't be read is counted, and nothing is sent, unless [`on_invalid`](macro@crate::channel) answers it or closes.
///
/// No message has a field `type`: the list of the channel refuses one, and a flattened map with such a key is not sent.
#[derive(Debug)]
pub enum Bare {}

#[diagnostic::do_not_recommend]
impl Envelope for Bare {
    const NAME: &'static str = "bare";
    const PLACES: Places = Places::NONE;
    const KEEPS_TYPE: bool = true;

    /// What stands in a text. Messages are not read with it: their payload is the whole object.
    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let [kind] = object(text, ["type"])?;
        match kind.and_then(string) {
            Some(kind) => Ok(IncomingMessage::new(kind, text).into()),
            None => Err(Malformed::new("missing field `type`")),
        }
    }

    /// Writes the payload alone: the codec writes a message as one object.
    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        if !matches!(frame, Outgoing::Failure { .. }) {
            out.payload();
        }
    }

    #[inline]
    fn decode<T: Messages>(text: &str, _: Option<&str>) -> Decoded<T> {
        Decoded { message: codec::decode_bare(text), reference: None, id: None }
    }

    #[cfg(feature = "server")]
    #[inline]
    fn decode_at<T: Messages>(text: &str, index: usize, _: Option<&str>) -> Decoded<T> {
        Decoded { message: codec::decode_bare_at(text, index), reference: None, id: None }
    }

    #[cfg(feature = "server")]
    #[inline]
    fn index<T: Messages>(text: &str) -> Option<usize> {
        codec::index_bare::<T>(text)
    }

    #[cfg(feature = "server")]
    fn reference(_: &str) -> Option<Ref> {
        None
    }

    #[cfg(feature = "server")]
    #[inline]
    fn encode<M: Message>(message: &M, _: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_bare(message, out)
    }

    #[inline]
    fn encode_one_of<T: Messages>(message: &T, _: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_bare_one_of(message, out)
    }

    #[cfg(feature = "server")]
    fn ask<M: Message>(message: &M, _: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_bare(message, out)
    }

    fn ask_one_of<T: Messages>(message: &T, _: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_bare_one_of(message, out)
    }

    #[cfg(feature = "server")]
    fn success<T: Serialize + ?Sized>(_: Option<(&T, &str)>, _: Head<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::NoPlace { kind: "success" })
    }

    #[cfg(feature = "server")]
    fn fault(_: &Fault, _: &str, _: Head<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::NoPlace { kind: "error" })
    }
}
