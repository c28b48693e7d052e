use std::collections::HashMap;

use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;

use super::quick::both_ways_agree;
use super::strategies::{json, message, reference};
use crate::protocol::codec::key::is_reserved;
use crate::protocol::codec::samples::{Entries, Extended, Game, GameChannel, Pong, Scores};
use crate::protocol::codec::{
    DecodeError, Decoded, Head, ReceivedBody, decode, decode_bare, decode_bare_at, encode_bare_one_of, encode_one_of,
    index_bare,
};
use crate::protocol::message::{Messages, Ref};
use crate::protocol::received::Received;

impl Entries {
    fn render(&self, noise: &[u8]) -> String {
        let mut noise = noise.iter();
        let mut space = || noise.next().map_or("", |noise| ["", " ", "\n", "\t\r"][usize::from(noise % 4)]);
        let mut text = format!("{}{{{}", space(), space());
        for (at, (key, value)) in self.0.iter().enumerate() {
            if at > 0 {
                text += ",";
            }
            let key = serde_json::to_string(key).unwrap();
            let (start, middle, end) = (space(), space(), space());
            text += &format!("{start}{key}{middle}:{end}{value}");
        }
        text + "}" + space()
    }

    fn render_escaped(&self) -> String {
        let escaped = |key: &str| key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        let entries: Vec<_> = self.0.iter().map(|(key, value)| format!("\"{}\":{value}", escaped(key))).collect();
        format!("{{{}}}", entries.join(","))
    }
}

fn encoded(message: &Game, head: Head<'_>) -> String {
    let mut out = Vec::new();
    encode_one_of(message, head, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Malformed,
    Unknown(String),
    Invalid(&'static str),
    Good(Game),
}

/// The oracle, slow and simple: it takes the object apart, then passes the rest to the payload. `BARE`: the type alone is no field.
fn oracle<const BARE: bool>(text: &str) -> (Option<Ref>, Verdict) {
    let Ok(Entries(entries)) = serde_json::from_str::<Entries>(text) else { return (None, Verdict::Malformed) };
    let all = |key: &str| entries.iter().filter(|entry| entry.0 == key).map(|entry| entry.1.get()).collect::<Vec<_>>();
    let reference = match all("ref")[..] {
        _ if BARE => None,
        [] => None,
        [one] => match serde_json::from_str::<Option<Ref>>(one) {
            Ok(reference) => reference,
            Err(_) => return (None, Verdict::Malformed),
        },
        _ => return (None, Verdict::Malformed),
    };
    let [kind] = all("type")[..] else { return (None, Verdict::Malformed) };
    let Ok(kind) = serde_json::from_str::<String>(kind) else { return (None, Verdict::Malformed) };
    let Some(index) = Game::TYPES.iter().position(|known| *known == kind) else {
        return (reference, Verdict::Unknown(kind));
    };
    let payload = Entries(entries.into_iter().filter(|(key, _)| !is_reserved::<BARE>(key)).collect()).render(&[]);
    let text = payload.as_str();
    fn alone<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
        serde_json::from_str(text).ok()
    }
    let game = match kind.as_str() {
        "move" => alone(text).map(Game::Move),
        "say" => alone(text).map(Game::Say),
        "strict" => alone(text).map(Game::Strict),
        "scores" => alone::<HashMap<u32, i64>>(text).map(|scores| Game::Scores(Scores(scores))),
        "opaque" => alone(text).map(Game::Opaque),
        "wide" => alone(text).map(Game::Wide),
        "borrowing" => alone(text).map(Game::Borrowing),
        "extended" => alone(text).map(Game::Extended),
        "pong" => Some(Game::Pong(Pong)),
        _ => Some(Game::Leave),
    };
    (reference, game.map_or(Verdict::Invalid(Game::TYPES[index]), Verdict::Good))
}

fn verdict(message: Result<Game, DecodeError>) -> Verdict {
    match message {
        Ok(message) => Verdict::Good(message),
        Err(DecodeError::UnknownType { kind }) => Verdict::Unknown(kind),
        Err(DecodeError::InvalidPayload { kind, .. }) => {
            Verdict::Invalid(Game::TYPES.iter().find(|known| **known == kind).unwrap())
        }
        Err(_) => Verdict::Malformed,
    }
}

/// The codec and the oracle agree, and so do the paths of the codec. The oracle does not know the `ref` of a malformed text.
fn agree(text: &str) -> Result<(), TestCaseError> {
    both_ways_agree(text)?;
    prop_assert_eq!(verdict(decode_bare(text)), oracle::<true>(text).1, "bare: {}", text);
    if let Some(index) = index_bare::<Game>(text) {
        prop_assert_eq!(decode_bare_at::<Game>(text, index), decode_bare(text), "bare: {}", text);
    }
    let Decoded { message, reference, .. } = decode::<Game>(text);
    let (ours, (expected_reference, expected)) = (verdict(message), oracle::<false>(text));
    prop_assert_eq!(&ours, &expected, "{}", text);
    if ours != Verdict::Malformed {
        prop_assert_eq!(reference, expected_reference, "{}", text);
    }
    match (Received::<GameChannel>::from_text(text), ours) {
        (Ok(received), Verdict::Good(message)) => prop_assert_eq!(received.body, ReceivedBody::Message(message)),
        (Ok(received), Verdict::Unknown(_)) => prop_assert!(!matches!(received.body, ReceivedBody::Message(_))),
        (Ok(_), verdict) => prop_assert!(false, "received, but {:?}: {}", verdict, text),
        (Err(_), _) => {}
    }
    Ok(())
}

#[test]
fn these_are_judged_as_by_taking_them_apart() {
    for reference in ["null", "1", "7.0", "1.5", "true", "[]", "\"\"", "\"\\ud800\""] {
        for kind in ["move", "pong", "unknown"] {
            agree(&format!(r#"{{"type":"{kind}","ref":{reference}}}"#)).unwrap();
            agree(&format!(r#"{{"ref":{reference},"type":"{kind}"}}"#)).unwrap();
            agree(&format!(r#"{{"ref":{reference},"type":"{kind}","ref":1,"$room":2}}"#)).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same_in_any_order(
        message in message(),
        reference in reference(),
        room in option::of(".{0,12}"),
        order in any::<Index>(),
        swaps in vec(any::<(Index, Index)>(), 0..8),
        noise in vec(any::<u8>(), 0..40),
    ) {
        let text = encoded(&message, Head { reference: reference.as_ref(), room: room.as_deref() });
        let mut entries: Entries = serde_json::from_str(&text).unwrap();
        let len = entries.0.len();
        entries.0.rotate_left(order.index(len));
        for (a, b) in swaps {
            entries.0.swap(a.index(len), b.index(len));
        }
        for text in [text, entries.render(&noise), entries.render_escaped()] {
            both_ways_agree(&text)?;
            let decoded = decode::<Game>(&text);
            prop_assert_eq!(decoded.message.as_ref(), Ok(&message), "{}", text);
            prop_assert_eq!(&decoded.reference, &reference, "{}", text);
            let received = Received::<GameChannel>::from_text(&text).unwrap();
            prop_assert_eq!(received.body, ReceivedBody::Message(message.clone()), "{}", text);
            prop_assert_eq!(&received.reference, &reference, "{}", text);
            prop_assert_eq!(&received.room, &room, "{}", text);
        }
    }

    #[test]
    fn what_is_encoded_bare_decodes_to_the_same_in_any_order(
        message in message(),
        more in hash_map("ref|\\$[a-z]{0,4}|[a-z]{2,8}", json(), 0..4),
        order in any::<Index>(),
        noise in vec(any::<u8>(), 0..40),
    ) {
        let message = match message {
            Game::Extended(Extended { id, rest }) => {
                let more = more.into_iter().filter(|(key, _)| key != "id" && key != "type");
                Game::Extended(Extended { id, rest: rest.into_iter().chain(more).collect() })
            }
            message => message,
        };
        let mut out = Vec::new();
        encode_bare_one_of(&message, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut entries: Entries = serde_json::from_str(&text).unwrap();
        let len = entries.0.len();
        entries.0.rotate_left(order.index(len));
        for text in [text, entries.render(&noise), entries.render_escaped()] {
            prop_assert_eq!(decode_bare::<Game>(&text), Ok(message.clone()), "{}", text);
            let index = index_bare::<Game>(&text).unwrap();
            prop_assert_eq!(decode_bare_at::<Game>(&text, index), Ok(message.clone()), "{}", text);
        }
    }

    #[test]
    fn any_text_is_judged_as_by_taking_it_apart(text in any::<String>()) {
        agree(&text)?;
    }

    #[test]
    fn anything_like_json_is_judged_as_by_taking_it_apart(
        entries in vec(
            (
                prop_oneof!["type|ref|text|from|to|level|\\$room|1|id|name|count|data|number", "[a-z$\\\\\"]{0,3}"],
                prop_oneof![
                    "\"(move|say|strict|scores|opaque|wide|pong|borrowing|extended|leave_game|jump|success|error)\"",
                    "-?[0-9]{1,20}|1\\.5|1e400|null|true|\\[\\]|\\{\\}|\\{\"x\":1,\"y\":2\\}|\"\\\\ud800\"|nul",
                ],
            ),
            0..7,
        ),
        end in prop_oneof![9 => Just("}".to_owned()), 1 => "[ }\\]x]{0,3}"],
    ) {
        let body: Vec<String> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        agree(&format!("{{{}{end}", body.join(",")))?;
    }

    #[test]
    fn a_message_that_was_tampered_with_is_judged_as_by_taking_it_apart(
        message in message(),
        reference in reference(),
        edits in vec((any::<Index>(), prop_oneof![any::<u8>(), "[]\\[{}\",:\\\\0-9a-f]".prop_map(|c| c.as_bytes()[0])], 0..4u8), 1..6),
    ) {
        let mut bytes = encoded(&message, Head { reference: reference.as_ref(), room: None }).into_bytes();
        for (at, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => _ = bytes.remove(at),
                _ => bytes.truncate(at),
            }
        }
        if let Ok(text) = String::from_utf8(bytes) {
            agree(&text)?;
        }
    }
}
