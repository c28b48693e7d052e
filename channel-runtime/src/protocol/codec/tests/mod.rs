//! The promises of the codec, tested with hand-written versions of the enums that `#[channel]` generates.

mod bare;
mod decode;
mod encode;
mod ids;
mod nesting;
mod numbers;
mod properties;
mod quick;
mod received;
mod refs;
pub(crate) mod strategies;

use crate::protocol::codec::samples::Game;
use crate::protocol::codec::{self, DecodeError};
use crate::protocol::message::Ref;

#[track_caller]
fn read(text: &str) -> Game {
    codec::decode::<Game>(text).message.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn refusal(text: &str) -> DecodeError {
    match codec::decode::<Game>(text).message {
        Ok(message) => panic!("{text}: {message:?}"),
        Err(error) => error,
    }
}

#[track_caller]
fn malformed(text: &str) -> (String, usize, usize) {
    match refusal(text) {
        DecodeError::Malformed { reason, line, column } => (reason, line, column),
        other => panic!("{text}: {other:?}"),
    }
}

fn reference(text: &str) -> Option<Ref> {
    codec::decode::<Game>(text).reference
}

fn text_ref(reference: &str) -> Option<Ref> {
    Some(Ref::Text(reference.into()))
}

/// The same object with its type first, in the middle, and last. There must be at least two fields.
fn everywhere(kind: &str, fields: &[&str]) -> Vec<String> {
    let kind = format!(r#""type":"{kind}""#);
    (0..=fields.len())
        .map(|at| {
            let mut entries = fields.to_vec();
            entries.insert(at, &kind);
            format!("{{{}}}", entries.join(","))
        })
        .collect()
}
