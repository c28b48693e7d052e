//! Reads what a test expected from what it received, or says what it received instead.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

use super::expectation::Failure;
use crate::protocol::codec::{self, DecodeError, ReceivedBody};
use crate::protocol::envelope::{Envelope, Incoming};
use crate::protocol::fault::Fault;
use crate::protocol::halves::Protocol;
use crate::protocol::message::{Message, Messages};
use crate::protocol::received::Received;
use crate::wire::parser::Input;

pub(super) fn read<C: Protocol>(text: &str) -> Result<Received<C>, Failure> {
    Received::from_text(text).map_err(|error| match error {
        DecodeError::Malformed { .. } => {
            format!(
                "the client can't read `{text}`: {error}
if it is a raw text, read it by `expect_text`"
            )
        }
        error => format!("the client can't read `{text}`: {error}"),
    })
}

/// The answer to a request. In another envelope its frame has no place for a type, so that it is read as an `M`.
pub(super) fn message<C: Protocol, M: Message>(text: &str) -> Result<M, Failure> {
    if !C::Envelope::IS_FLAT
        && let Ok(Incoming::Answer { answer: Ok(payload), .. }) = C::Envelope::read(text)
    {
        let read = codec::read_payload::<Only<C, M>>(text, M::TYPE, payload);
        return read.map(|only| only.0).map_err(|error| format!("the client can't read `{text}`: {error}"));
    }
    message_or_other::<C, M>(text)?.ok_or_else(|| unexpected_text(M::TYPE, text))
}

pub(super) fn message_or_other<C: Protocol, M: Message>(text: &str) -> Result<Option<M>, Failure> {
    match read::<Only<C, M>>(text)?.body {
        ReceivedBody::Message(Only(message, _)) => Ok(Some(message)),
        _ => Ok(None),
    }
}

/// A text or a binary message. `None` if it is another one.
pub(super) fn message_in<C: Protocol, M: Message>(input: &Input) -> Result<Option<M>, Failure> {
    match (input, M::KIND) {
        (Input::Text(text), _) => message_or_other::<C, M>(text),
        (Input::Binary(data), Some(kind)) if data.first() == Some(&kind) => match M::from_binary(data.slice(1..)) {
            Ok(message) => Ok(Some(message)),
            Err(reason) => Err(format!("the client can't read a `{}`, {data:?}: {reason}", M::TYPE)),
        },
        _ => Ok(None),
    }
}

pub(super) fn read_binary<C: Protocol>(data: Bytes) -> Result<Received<C>, Failure> {
    Received::from_binary(data.clone()).map_err(|error| format!("the client can't read {data:?}: {error}"))
}

pub(super) fn success<C: Protocol>(text: &str) -> Result<Value, Failure> {
    match read::<C>(text)?.body {
        ReceivedBody::Success(data) => Ok(data),
        _ => Err(unexpected_text("success", text)),
    }
}

pub(super) fn fault<C: Protocol>(text: &str, code: &str) -> Result<Fault, Failure> {
    match read::<C>(text)?.body {
        ReceivedBody::Error { fault, .. } if fault.code == code => Ok(fault),
        _ => Err(unexpected_text(&format!("error with code {code}"), text)),
    }
}

pub(super) fn auth_expiring(text: &str) -> Result<Duration, Failure> {
    #[derive(Deserialize)]
    struct Expiring<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        in_ms: u64,
    }
    match serde_json::from_str(text) {
        Ok(Expiring { kind: "$auth_expiring", in_ms }) => Ok(Duration::from_millis(in_ms)),
        _ => Err(unexpected_text("$auth_expiring", text)),
    }
}

pub(super) fn unexpected(expected: &str, input: Option<&Input>) -> Failure {
    match input {
        None => format!("expected {expected}, but everything has settled and nothing came"),
        Some(Input::Text(text)) => unexpected_text(expected, text),
        Some(other) => format!("expected {expected}, but this came: {other:?}"),
    }
}

fn unexpected_text(expected: &str, text: &str) -> Failure {
    format!("expected {expected}, but this came: {text}")
}

/// One message, in the envelope of channel `C`.
struct Only<C, M>(M, PhantomData<fn() -> C>);

impl<C: 'static, M: Message> Messages for Only<C, M> {
    const TYPES: &'static [&'static str] = &[M::TYPE];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        M::from_fields(fields).map(|message| Self(message, PhantomData))
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_fields(serializer)
    }
}

impl<C: Protocol, M: Message> Protocol for Only<C, M> {
    type FromClient = Self;
    type ToClient = Self;
    type Envelope = C::Envelope;
}
