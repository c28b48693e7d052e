//! Envelopes that are a frame around the payload: `read` finds the payload in the text, `write` puts it into one.

use std::borrow::Cow;

#[cfg(feature = "server")]
use serde::Serialize;

use super::incoming::{Incoming, IncomingMessage, Malformed};
use super::outgoing::{Out, Outgoing};
use crate::protocol::codec::{self, DecodeError, Decoded, EncodeError, Head, ReceivedBody, ReceivedText};
#[cfg(feature = "server")]
use crate::protocol::fault::Fault;
#[cfg(feature = "server")]
use crate::protocol::message::Message;
use crate::protocol::message::{Messages, Ref};

#[inline]
pub(super) fn decode<T: Messages>(
    text: &str,
    topic: Option<&str>,
    read: impl FnOnce(&str) -> Result<Incoming<'_>, Malformed>,
) -> Decoded<T> {
    let (message, reference) = match read(text) {
        Ok(Incoming::Message(message)) => decode_message(text, topic, message),
        Ok(Incoming::Answer { .. } | Incoming::Batch(_)) => (Err(DecodeError::no_message("this is no message")), None),
        Err(mut malformed) => {
            let reference = malformed.reference.take();
            (Err(malformed.into()), reference)
        }
    };
    match reference {
        Some(reference) if is_too_long(&reference) => {
            Decoded { message: Err(DecodeError::no_message("an id of more than 128 bytes")), reference: None, id: None }
        }
        reference => Decoded { message, reference, id: None },
    }
}

#[inline]
fn decode_message<T: Messages>(
    text: &str,
    topic: Option<&str>,
    message: IncomingMessage<'_>,
) -> (Result<T, DecodeError>, Option<Ref>) {
    let IncomingMessage { kind, payload, reference, topic: named, .. } = message;
    let is_elsewhere = named.is_some_and(|named| topic.is_some_and(|own| own != named));
    if is_elsewhere {
        return (Err(DecodeError::unknown_topic()), reference);
    }
    let read = codec::read_payload(text, &kind, payload).map_err(|error| match error {
        // The frame was read: only its payload is wrong.
        DecodeError::Malformed { reason, line, column } => {
            let (kind, path) = (kind.into_owned(), String::new());
            DecodeError::InvalidPayload { kind, path, reason, line, column }
        }
        error => error,
    });
    (read, reference)
}

/// Of another protocol's client, that only an answer would bring back.
fn is_too_long(reference: &Ref) -> bool {
    match reference {
        Ref::Number(_) => false,
        Ref::Text(text) | Ref::Raw(text) => text.len() > Ref::MAX_RAW_LEN,
    }
}

/// Reads what a server sends.
pub(super) fn receive<T: Messages>(
    text: &str,
    read: impl FnOnce(&str) -> Result<Incoming<'_>, Malformed>,
    decode: impl FnOnce(&str) -> Result<T, DecodeError>,
) -> Result<ReceivedText<T>, DecodeError> {
    match read(text) {
        Ok(Incoming::Message(IncomingMessage { kind, reference, topic, .. })) => {
            let body = match decode(text) {
                Ok(message) => ReceivedBody::Message(message),
                Err(DecodeError::UnknownType { .. }) => {
                    ReceivedBody::Unknown { kind: codec::cut(kind.into_owned()), text: text.to_owned() }
                }
                Err(error) => return Err(error),
            };
            Ok(ReceivedText { reference, room: topic.map(Cow::into_owned), body })
        }
        Ok(Incoming::Answer { reference, answer }) => {
            let body = match answer {
                // A `Value` has no `f32`.
                Ok(value) => ReceivedBody::Success(codec::read_value::<_, false>(text, "success", value)?),
                Err(fault) => ReceivedBody::Error { fault: *fault, timestamp: String::new() },
            };
            Ok(ReceivedText { reference: Some(reference), room: None, body })
        }
        Ok(Incoming::Batch(_)) => Err(DecodeError::no_message("it holds several messages")),
        Err(malformed) => Err(malformed.into()),
    }
}

#[cfg(feature = "server")]
pub(super) fn index<T: Messages>(read: Result<Incoming<'_>, Malformed>) -> Option<usize> {
    match read {
        Ok(Incoming::Message(message)) => codec::index_of_type::<T>(&message.kind),
        _ => None,
    }
}

#[cfg(feature = "server")]
pub(super) fn reference(read: Result<Incoming<'_>, Malformed>) -> Option<Ref> {
    let reference = match read {
        Ok(Incoming::Message(message)) => message.reference,
        Ok(Incoming::Answer { .. } | Incoming::Batch(_)) => None,
        Err(malformed) => malformed.reference,
    };
    reference.filter(|reference| !is_too_long(reference))
}

/// What a message is in its frame, [`said`] or [`asked`].
type MakeFrame = for<'a> fn(&'a str, Head<'a>) -> Outgoing<'a>;

#[cfg(feature = "server")]
pub(super) fn encode<M: Message>(
    message: &M,
    frame: MakeFrame,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl Fn(&Outgoing<'_>, &mut Out<'_>),
) -> Result<(), EncodeError> {
    append(M::TYPE, &frame(M::TYPE, head), out, &|json| codec::write_payload(message, json), false, write)
}

pub(super) fn encode_one_of<T: Messages>(
    message: &T,
    frame: MakeFrame,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl Fn(&Outgoing<'_>, &mut Out<'_>),
) -> Result<(), EncodeError> {
    let kind = T::TYPES[message.index()];
    append(kind, &frame(kind, head), out, &|json| codec::write_payload_of(message, json), false, write)
}

/// Nothing is written for a message without a reference.
#[cfg(feature = "server")]
pub(super) fn success<T: Serialize + ?Sized>(
    data: Option<&T>,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl Fn(&Outgoing<'_>, &mut Out<'_>),
) -> Result<(), EncodeError> {
    let kind = "success";
    let Some(reference) = head.reference else { return Err(EncodeError::NoPlace { kind }) };
    let frame = Outgoing::Answer { kind: None, reference, room: head.room };
    append(kind, &frame, out, &|json| codec::write_value(kind, json, &data), data.is_none(), write)
}

#[cfg(feature = "server")]
pub(super) fn fault(
    fault: &Fault,
    head: Head<'_>,
    out: &mut Vec<u8>,
    write: impl Fn(&Outgoing<'_>, &mut Out<'_>),
) -> Result<(), EncodeError> {
    let kind = "error";
    let frame = Outgoing::Failure { fault, reference: head.reference, room: head.room };
    append(kind, &frame, out, &|json| codec::write_value(kind, json, &()), true, write)
}

/// To be sent, or an answer if the head has a reference.
pub(super) fn said<'a>(kind: &'a str, head: Head<'a>) -> Outgoing<'a> {
    match head.reference {
        Some(reference) => Outgoing::Answer { kind: Some(kind), reference, room: head.room },
        None => Outgoing::Message { kind, room: head.room },
    }
}

/// To be answered.
pub(super) fn asked<'a>(kind: &'a str, head: Head<'a>) -> Outgoing<'a> {
    match head.reference {
        Some(reference) => Outgoing::Question { kind, reference, room: head.room },
        None => Outgoing::Message { kind, room: head.room },
    }
}

/// On an error, nothing is appended.
fn append(
    kind: &'static str,
    frame: &Outgoing<'_>,
    buffer: &mut Vec<u8>,
    payload: &dyn Fn(&mut Vec<u8>) -> Result<(), EncodeError>,
    is_empty: bool,
    write: impl Fn(&Outgoing<'_>, &mut Out<'_>),
) -> Result<(), EncodeError> {
    let start = buffer.len();
    let mut out = Out::new(kind, buffer, payload, is_empty);
    write(frame, &mut out);
    let result = out.finish();
    match result {
        Ok(()) if buffer.len() == start => Err(EncodeError::NoPlace { kind }),
        Ok(()) => Ok(()),
        Err(error) => {
            buffer.truncate(start);
            Err(error)
        }
    }
}
