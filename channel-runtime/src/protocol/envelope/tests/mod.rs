//! What each envelope reads and writes. That everything is read and answered soundly is also fuzzed: see `testing/fuzz/envelopes`.

mod json_rpc;
mod limits;
mod parts;
mod phoenix;
mod properties;
mod shapes;

use serde_json::Value;

use crate::protocol::codec::samples::Game;
use crate::protocol::codec::{DecodeError, Decoded, EncodeError, Head};
use crate::protocol::envelope::Envelope;
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// The connection's own.
const TOPIC: &str = "room:7";

fn decode<E: Envelope>(text: &str) -> Decoded<Game> {
    E::decode(text, E::PLACES.has_topics().then_some(TOPIC))
}

/// Why a text is refused, and what its answer names.
#[track_caller]
fn refusal<E: Envelope>(text: &str) -> (DecodeError, Option<Ref>) {
    match decode::<E>(text) {
        Decoded { message: Err(error), reference, .. } => (error, reference),
        Decoded { message: Ok(message), .. } => panic!("{text}: {message:?}"),
    }
}

/// What the envelope itself refuses: the code, the reason, and its place.
#[track_caller]
fn none_of_ours<E: Envelope>(text: &str) -> (String, String, (usize, usize)) {
    match refusal::<E>(text).0 {
        DecodeError::Malformed { reason, line, column } => (Fault::MALFORMED.to_owned(), reason, (line, column)),
        DecodeError::Envelope { code, reason, line, column } => (code.into_owned(), reason, (line, column)),
        error => panic!("{text}: {error:?}"),
    }
}

fn appended(write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<String, EncodeError> {
    let mut out = b"before".to_vec();
    let written = write(&mut out);
    let text = String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned();
    assert!(written.is_ok() || text.is_empty(), "{text}");
    written.map(|()| text)
}

/// The frame of an error for a message with this reference.
fn failure<E: Envelope>(code: &'static str, reference: Option<&Ref>) -> Result<Value, EncodeError> {
    failure_text::<E>(code, reference).map(|text| serde_json::from_str(&text).unwrap())
}

fn failure_text<E: Envelope>(code: &'static str, reference: Option<&Ref>) -> Result<String, EncodeError> {
    let fault = Fault::framework(code.into(), "no".to_owned());
    let head = Head { reference, room: E::PLACES.has_topics().then_some(TOPIC) };
    appended(|out| E::fault(&fault, "now", head, out))
}
