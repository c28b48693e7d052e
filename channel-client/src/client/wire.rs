//! A message of a channel as what is written, with its rate.

use std::time::Duration;

use bytes::Bytes;
use channel_runtime::private::{Head, binary_kind, encode_binary_one_of, encode_one_of};
use channel_runtime::{EncodeError, Messages, Ref};

use crate::engine::{Greeting, Pace};

pub(super) enum Written {
    Text(String),
    Binary(Bytes),
}

/// # Errors
/// If it can't be written as JSON, or as bytes if it is a binary message.
pub(super) fn write<M: Messages>(message: &M) -> Result<Written, EncodeError> {
    match binary_kind(message) {
        Some(kind) => {
            let mut bytes = Vec::new();
            encode_binary_one_of(kind, message, &mut bytes)?;
            Ok(Written::Binary(bytes.into()))
        }
        None => text(message, None).map(Written::Text),
    }
}

/// # Errors
/// If it can't be written as JSON.
pub(super) fn text<M: Messages>(message: &M, reference: Option<i64>) -> Result<String, EncodeError> {
    let mut text = Vec::new();
    let reference = reference.map(Ref::Number);
    encode_one_of(message, Head { reference: reference.as_ref(), room: None }, &mut text)?;
    Ok(String::from_utf8(text).expect("JSON is UTF-8"))
}

/// The same message with an id, by which the server recognizes it when it is sent again: at most 64 bytes.
pub(super) fn with_id(text: &str, own: u128, reference: i64) -> String {
    let fields = text.strip_prefix('{').expect("a message is an object");
    format!(r#"{{"$id":"{own:032x}-{reference}",{fields}"#)
}

/// Whether the server handles the message once, however often it is sent.
pub(super) fn is_idempotent<M: Messages>(message: &M) -> bool {
    M::SHAPES.get(message.index()).is_some_and(|shape| shape.idempotent)
}

pub(super) fn is_binary<M: Messages>(message: &M) -> bool {
    binary_kind(message).is_some()
}

/// The rate of the message's type, by the type's place.
pub(super) fn pace<M: Messages>(message: &M) -> Option<(usize, Pace)> {
    let index = message.index();
    let rate = M::SHAPES.get(index)?.rate?;
    let period = Duration::from_secs(rate.seconds.into());
    Some((index, Pace { count: rate.count, period, burst: rate.burst }))
}

pub(super) fn greeting<M: Messages>(message: &M) -> Option<Greeting> {
    let wire_type = M::TYPES.get(message.index());
    if is_binary(message) {
        tracing::error!(wire_type, "a binary message is no greeting");
        return None;
    }
    match text(message, None) {
        Ok(text) => Some(Greeting { text, pace: pace(message) }),
        Err(error) => {
            tracing::error!(wire_type, %error, "the greeting can't be written");
            None
        }
    }
}
