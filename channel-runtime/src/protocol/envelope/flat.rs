//! The framework's own envelope. The codec reads and writes it in one pass.

#[cfg(feature = "server")]
use serde::Serialize;
use serde_json::Value;

use super::definition::Envelope;
use super::incoming::{Incoming, IncomingMessage, Malformed};
use super::outgoing::{Out, Outgoing};
use super::parts::{object, string};
use super::places::{Asks, Places};
use crate::protocol::codec::{self, DecodeError, Decoded, EncodeError, Head, ReceivedText};
use crate::protocol::fault::Fault;
#[cfg(feature = "server")]
use crate::protocol::message::Message;
use crate::protocol::message::{Messages, Ref};

/// The framework's own envelope, of every channel that names no other: an object with `type` and `ref`, and the message's fields
/// beside them. A question of the server has its number in `$ask`, and the answer repeats it.
#[derive(Debug)]
pub enum Flat {}

#[diagnostic::do_not_recommend]
impl Envelope for Flat {
    const NAME: &'static str = "channels.1.json";
    const PLACES: Places = Places::ANSWERS.rooms().questions(Asks::Many);
    const IS_FLAT: bool = true;

    /// What stands in a text. Messages are not read with it: their payload is the whole object.
    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let [kind, reference, question, data, code, message, details] =
            object(text, ["type", "ref", "$ask", "data", "code", "message", "details"])?;
        if let Some(question) = question.and_then(|number| number.parse().ok()) {
            let answer = match kind.and_then(string).as_deref() {
                Some("success") => Some(Ok(data.unwrap_or("null"))),
                Some("error") => Some(Err(Box::new(declined(code, message, details)))),
                _ => None,
            };
            if let Some(answer) = answer {
                return Ok(Incoming::Answer { reference: asked(question), answer });
            }
        }
        let reference = reference.and_then(Ref::read);
        match kind.and_then(string) {
            Some(kind) => Ok(IncomingMessage::new(kind, text).answering(reference).into()),
            None => Err(Malformed::new("missing field `type`").answering(reference)),
        }
    }

    /// Writes the payload alone: the codec writes a flat frame as one object.
    fn write(_: &Outgoing<'_>, out: &mut Out<'_>) {
        out.payload();
    }

    #[inline]
    fn decode<T: Messages>(text: &str, _: Option<&str>) -> Decoded<T> {
        codec::decode(text)
    }

    fn receive<T: Messages>(text: &str) -> Result<ReceivedText<T>, DecodeError> {
        codec::receive(text)
    }

    #[cfg(feature = "server")]
    #[inline]
    fn decode_at<T: Messages>(text: &str, index: usize, _: Option<&str>) -> Decoded<T> {
        codec::decode_at(text, index)
    }

    #[cfg(feature = "server")]
    #[inline]
    fn index<T: Messages>(text: &str) -> Option<usize> {
        codec::index::<T>(text)
    }

    #[cfg(feature = "server")]
    fn reference(text: &str) -> Option<Ref> {
        codec::reference(text)
    }

    #[cfg(feature = "server")]
    #[inline]
    fn encode<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode(message, head, out)
    }

    #[cfg(feature = "server")]
    fn ask<M: Message>(message: &M, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        codec::encode(message, Head { reference: None, ..head }, out)?;
        let behind_type = start + codec::type_len(M::TYPE);
        let key = format!(r#","$ask":{}"#, head.reference.and_then(question).unwrap_or_default());
        out.splice(behind_type..behind_type, key.into_bytes());
        Ok(())
    }

    #[inline]
    fn encode_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_one_of(message, head, out)
    }

    /// The `ref` of a client's message asks for an answer.
    fn ask_one_of<T: Messages>(message: &T, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_one_of(message, head, out)
    }

    #[cfg(feature = "server")]
    #[inline]
    fn success<T: Serialize + ?Sized>(
        data: Option<(&T, &str)>,
        head: Head<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        codec::encode_success(data, head, out)
    }

    #[cfg(feature = "server")]
    #[inline]
    fn fault(fault: &Fault, timestamp: &str, head: Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_fault(fault, timestamp, head, out);
        Ok(())
    }
}

/// A question's number in a frame as what names the question everywhere else.
fn asked(number: u64) -> Ref {
    Ref::Text(format!("s{number}").into())
}

/// The other way round. `None` if it names no question.
#[cfg(feature = "server")]
fn question(reference: &Ref) -> Option<u64> {
    let Ref::Text(text) = reference else { return None };
    text.strip_prefix('s')?.parse().ok()
}

/// The client's error, of which nothing has to be there.
fn declined(code: Option<&str>, message: Option<&str>, details: Option<&str>) -> Fault {
    let text = |json: Option<&str>| json.and_then(string).unwrap_or_default().into_owned();
    let details: Value = details.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    Fault::framework(text(code).into(), text(message)).with_details(details)
}
