//! Fuzzes the codec: it never panics, refuses what serde_json refuses, its two passes agree, and messages survive a round trip.

use serde_json::Value;

use crate::protocol::codec::samples::{Entries, Game, GameChannel};
use crate::protocol::codec::{DecodeError, Decoded, Head, ReceivedBody, decode, decode_only_carefully, encode_one_of};
use crate::protocol::message::{Messages, Ref};
use crate::protocol::received::Received;

/// Checks one text. Bytes that are no UTF-8 are skipped.
pub fn json(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Decoded { message, reference, .. } = decode::<Game>(text);
    serde_json_agrees(text, message.as_ref());
    the_careful_way_agrees(text, message.as_ref(), reference.as_ref());
    a_client_agrees(text, message.as_ref(), reference.as_ref());
    if let Ok(message) = message
        && !has_fraction(&message)
    {
        what_is_written_reads_the_same(&message, reference.as_ref());
    }
}

/// An object with one `type`, which is a string, and at most one `ref` is a message, of a known type or not.
fn serde_json_agrees(text: &str, message: Result<&Game, &DecodeError>) {
    let is_malformed = matches!(message, Err(DecodeError::Malformed { .. }));
    let kind = serde_json::from_str(text).ok().and_then(|Entries(entries)| {
        let all = |key| entries.iter().filter(move |entry| entry.0 == key).map(|entry| entry.1.get());
        let (mut types, mut references) = (all("type"), all("ref"));
        let has_good_ref = references.next().is_none_or(|one| serde_json::from_str::<Option<Ref>>(one).is_ok());
        let kind = serde_json::from_str::<String>(types.next()?).ok()?;
        (has_good_ref && references.next().is_none() && types.next().is_none()).then_some(kind)
    });
    let Some(kind) = kind else { return assert!(is_malformed, "it is no message") };
    match serde_json::from_str::<Value>(text) {
        Ok(_) => assert!(!is_malformed, "it is a message"),
        Err(error) if error.to_string().contains("recursion limit") => assert!(is_malformed, "it is nested too deep"),
        // What can't be represented may stand in a field that is skipped.
        Err(_) => {}
    }
    let is_unknown = matches!(message, Err(DecodeError::UnknownType { .. }));
    assert_eq!(is_unknown, !is_malformed && !Game::TYPES.contains(&&*kind), "{kind}");
}

/// Equal also in the place of an error.
fn the_careful_way_agrees(text: &str, message: Result<&Game, &DecodeError>, reference: Option<&Ref>) {
    let careful = decode_only_carefully::<Game>(text);
    assert_eq!(message, careful.message.as_ref());
    assert_eq!(reference, careful.reference.as_ref());
}

fn a_client_agrees(text: &str, message: Result<&Game, &DecodeError>, reference: Option<&Ref>) {
    match (Received::<GameChannel>::from_text(text), message) {
        (Ok(received), Ok(message)) => {
            assert_eq!(received.body, ReceivedBody::Message(message.clone()));
            assert_eq!(received.reference.as_ref(), reference);
        }
        (Ok(received), Err(DecodeError::UnknownType { .. })) => {
            assert!(!matches!(received.body, ReceivedBody::Message(_)));
        }
        (Ok(received), Err(error)) => panic!("{received:?}, but {error}"),
        // A server ignores a `$room` that is no string, and a bad frame of the framework's own.
        (Err(_), _) => {}
    }
}

/// serde_json reads such numbers only to within their last bit: read again, they may differ.
pub(super) fn has_fraction(message: &Game) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_f64(),
            Value::Array(values) => values.iter().any(within),
            Value::Object(fields) => fields.values().any(within),
            _ => false,
        }
    }
    matches!(message, Game::Extended(message) if message.rest.values().any(within))
}

fn what_is_written_reads_the_same(message: &Game, reference: Option<&Ref>) {
    let mut written = Vec::new();
    encode_one_of(message, Head { reference, room: Some("/room") }, &mut written).expect("it was read from an object");
    let written = String::from_utf8(written).expect("JSON is text");
    for text in [&written, &with_type_last(&written, Game::TYPES[message.index()])] {
        let read = decode::<Game>(text);
        assert_eq!(read.message.as_ref(), Ok(message), "{text}");
        assert_eq!(read.reference.as_ref(), reference, "{text}");
        let received = Received::<GameChannel>::from_text(text).expect("a client reads it too");
        assert_eq!(received.body, ReceivedBody::Message(message.clone()), "{text}");
        assert_eq!((received.reference.as_ref(), received.room.as_deref()), (reference, Some("/room")), "{text}");
    }
    assert_eq!(serde_json::from_str::<Game>(&written).ok().as_ref(), Some(message), "{written}");
}

fn with_type_last(written: &str, kind: &str) -> String {
    let rest = written.strip_prefix(&format!(r#"{{"type":"{kind}","#)).expect("the type comes first, then the room");
    format!(r#"{{{},"type":"{kind}"}}"#, &rest[..rest.len() - 1])
}
