//! What a test expected, read from what came; or a panic that says what came instead.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

use crate::codec::{Received, ReceivedBody};
use crate::fault::Fault;
use crate::message::{Message, Messages, Protocol};
use crate::wire::parser::Input;

pub(super) fn read<C: Protocol>(text: &str) -> Received<C> {
    Received::from_text(text).unwrap_or_else(|error| panic!("the client can't read `{text}`: {error}"))
}

pub(super) fn message<M: Message>(text: &str) -> M {
    match read::<Only<M>>(text).body {
        ReceivedBody::Message(Only(message)) => message,
        _ => unexpected_text(M::TYPE, text),
    }
}

pub(super) fn success<C: Protocol>(text: &str) -> Value {
    match read::<C>(text).body {
        ReceivedBody::Success(data) => data,
        _ => unexpected_text("success", text),
    }
}

pub(super) fn fault<C: Protocol>(text: &str, code: &str) -> Fault {
    match read::<C>(text).body {
        ReceivedBody::Error { fault, .. } if fault.code == code => fault,
        _ => unexpected_text(&format!("error with code {code}"), text),
    }
}

pub(super) fn auth_expiring(text: &str) -> Duration {
    #[derive(Deserialize)]
    struct Expiring<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        in_ms: u64,
    }
    match serde_json::from_str(text) {
        Ok(Expiring { kind: "$auth_expiring", in_ms }) => Duration::from_millis(in_ms),
        _ => unexpected_text("$auth_expiring", text),
    }
}

pub(super) fn unexpected<T>(expected: &str, input: Option<&Input>) -> T {
    match input {
        None => panic!("expected {expected}, but everything has settled and nothing came"),
        Some(Input::Text(text)) => unexpected_text(expected, text),
        Some(other) => panic!("expected {expected}, but this came: {other:?}"),
    }
}

fn unexpected_text<T>(expected: &str, text: &str) -> T {
    panic!("expected {expected}, but this came: {text}")
}

/// The set of one message.
struct Only<M>(M);

impl<M: Message> Messages for Only<M> {
    const TYPES: &'static [&'static str] = &[M::TYPE];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        M::deserialize(fields).map(Self)
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<M: Message> Protocol for Only<M> {
    type FromClient = Self;
    type ToClient = Self;
}
