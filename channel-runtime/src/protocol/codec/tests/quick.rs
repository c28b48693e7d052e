//! The quick path against the careful path, which leaves all reading to serde_json.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;

use crate::protocol::codec::decode::decode_quickly;
use crate::protocol::codec::entries::Unusual;
use crate::protocol::codec::incoming_head::IncomingHead;
use crate::protocol::codec::samples::{Game, Say, Scores, a_move};
use crate::protocol::codec::{DecodeError, Decoded, decode, decode_at, decode_only_carefully, index, plain_string};
use crate::protocol::message::{Messages, Ref};

fn quickly<T: Messages>(text: &str, index: Option<usize>) -> Option<(T, Option<Ref>)> {
    let (mut head, mut message) = (IncomingHead::default(), None);
    match decode_quickly::<_, false>(&mut head, &mut message, text, index) {
        Ok(()) => Some((message.expect("it was read"), head.reference)),
        Err(Unusual) => None,
    }
}

/// For every guess of the type. If the quick path knows the type, it reads everything that the careful path does.
pub(super) fn both_ways_agree(text: &str) -> Result<(), TestCaseError> {
    let Decoded { message, reference: found, .. } = decode_only_carefully::<Game>(text);
    for index in [None].into_iter().chain((0..Game::TYPES.len()).map(Some)) {
        if let Some((quick, reference)) = quickly::<Game>(text, index) {
            prop_assert_eq!(Ok(&quick), message.as_ref(), "{}", text);
            prop_assert_eq!(&reference, &found, "{}", text);
        }
    }
    if let Some(index) = index::<Game>(text) {
        let (known, plain) = (decode_at::<Game>(text, index), decode::<Game>(text));
        prop_assert_eq!(known.message, plain.message, "{}", text);
        prop_assert_eq!(known.reference, plain.reference, "{}", text);
    }
    if let Ok(message) = &message {
        prop_assert!(quickly::<Game>(text, Some(message.index())).is_some(), "left to the careful way: {}", text);
    }
    Ok(())
}

#[track_caller]
fn is_quick(text: &str, expected: Game) {
    let index = expected.index();
    assert_eq!(quickly(text, Some(index)).map(|(game, _)| game), Some(expected), "{text}");
    both_ways_agree(text).unwrap();
}

#[track_caller]
fn is_left(text: &str) {
    for index in [None].into_iter().chain((0..Game::TYPES.len()).map(Some)) {
        assert_eq!(quickly::<Game>(text, index), None, "{text}");
    }
}

fn say(text: &str) -> Game {
    Game::Say(Say { text: text.into() })
}

#[test]
fn usual_texts_are_read_the_quick_way() {
    for text in [
        r#"{"type":"move","from":{"x":4,"y":1},"to":{"x":4,"y":3}}"#,
        r#"{"from":{"x":4,"y":1},"type":"move","to":[4,3],"note":null}"#,
        "\r\n{ \"to\"\t:\n{\"x\":4,\"y\":3} , \"from\" :{\"x\":4,\"y\":1}\n,\n\"type\" : \"move\" } \n",
    ] {
        is_quick(text, a_move());
    }
    is_quick(r#"{"ty\u0070e":"say","\u0024":"","te\u0078t":"hi"}"#, say("hi"));
    is_quick(r#"{"text":"\u0022 \\","type":"s\u0061y"}"#, say("\" \\"));
    is_quick(r#"{"type":"say","größe, in Zentimetern":180,"":0,"text":"é"}"#, say("é"));
    is_quick(r#"{"type":"scores"}"#, Game::Scores(Scores::default()));
    is_quick(r#"{"1":-5,"type":"scores"}"#, Game::Scores(Scores([(1, -5)].into())));
}

#[test]
fn what_is_no_object_of_entries_is_left() {
    for text in [
        "",
        "}",
        "{",
        "{}",
        "{}}",
        r#"{,"type":"pong"}"#,
        r#"{"type":"pong",}"#,
        r#"{"type":"pong",,"a":1}"#,
        r#"{"type":"pong" "a":1}"#,
        r#"{"type":"pong","a"}"#,
        r#"{"type":"pong","a" 1}"#,
        r#"{"type":"pong","a":}"#,
        r#"{"type":"pong","a"::1}"#,
        r#"{"type":"pong",a:1}"#,
        r#"{"type":"pong","a:1}"#,
        r#"{"type":"pong","a":1"#,
        r#"{"type":"pong","a":1}}"#,
        r#"{"type":"pong","a":1},"#,
        r#"{"type":"pong","a":1x}"#,
        r#"{"type":"pong","a":01}"#,
        r#"{"type":"pong","a":1.}"#,
        r#"{"type":"pong","a":truefalse}"#,
        r#"{"type":"pong","a":nul}"#,
        r#"{"type":"pong","a":"b"c}"#,
        r#"{"type":"pong","a":[1}"#,
        "{\"type\":\"pong\",\"a\nb\":1}",
        r#"{"type":"pong","\a":1}"#,
        r#"{"type":"pong","\ud800":1}"#,
        r#"{"type":"pong","a\":1}"#,
        "{\"type\":\"pong\",\"a\":\"b\nc\"}",
        "{\"type\":\"pong\",\u{a0}\"a\":1}",
        "{\"type\":\"pong\",\u{c}\"a\":1}",
        "\u{feff}{\"type\":\"pong\"}",
    ] {
        is_left(text);
        assert!(matches!(decode::<Game>(text).message, Err(DecodeError::Malformed { .. })), "{text}");
    }
}

#[derive(Debug, PartialEq)]
struct Careless(usize);

impl<'de> Visitor<'de> for Careless {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        for _ in 0..4 {
            if let Ok(Some(())) = map.next_key::<String>().map(|key| key.map(drop)) {
                self.0 += usize::from(map.next_value::<u8>().is_ok());
            }
        }
        Ok(self)
    }
}

impl Messages for Careless {
    const TYPES: &'static [&'static str] = &["careless"];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        fields.deserialize_map(Self(0))
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[test]
fn a_payload_that_ignores_errors_does_not_make_a_bad_text_good() {
    for text in [r#"{"type":"careless","a":,"b":1}"#, r#"{"type":"careless","a":1,b,"c":1}"#] {
        assert_eq!(quickly::<Careless>(text, None), None, "{text}");
        assert!(matches!(decode::<Careless>(text).message, Err(DecodeError::Malformed { .. })), "{text}");
    }
    assert_eq!(decode(r#"{"type":"careless","a":1,"b":2}"#).message, Ok(Careless(2)));
}

fn tokens() -> impl Strategy<Value = Vec<&'static str>> {
    let say = vec!["{", "\"type\"", ":", "\"say\"", ",", "\"text\"", ":", "\"hi\"", ",", "\"ref\"", ":", "7", "}"];
    let wide = vec!["{", "\"number\"", ":", "-12", ",", "\"ref\"", ":", "\"é\"", ",", "\"type\"", ":", "\"wide\"", "}"];
    let opaque = vec![
        "{",
        "\"data\"",
        ":",
        "[",
        "1",
        ",",
        "{",
        "}",
        "]",
        ",",
        "\"type\"",
        ":",
        "\"opaque\"",
        ",",
        "\"count\"",
        ":",
        "3",
        "}",
    ];
    select(vec![say, wide, opaque])
}

proptest! {
    #[test]
    fn both_ways_agree_on_tokens_in_any_order(
        mut tokens in tokens(),
        edits in vec((any::<Index>(), any::<Index>(), 0..4u8), 0..4),
        stray in select(vec![" ", "\n", "\u{b}", "\\", "\"", "true", "null", "0", "-", ".", "e5", "x", "é", "\"ref\"", "\"$\""]),
    ) {
        for (at, other, edit) in edits {
            if tokens.is_empty() {
                break;
            }
            let (at, other) = (at.index(tokens.len()), other.index(tokens.len()));
            match edit {
                0 => tokens.swap(at, other),
                1 => tokens.insert(at, tokens[other]),
                2 => tokens.insert(at, stray),
                _ => _ = tokens.remove(at),
            }
        }
        both_ways_agree(&tokens.concat())?;
    }

    #[test]
    fn a_plain_string_ends_at_the_first_quote_with_nothing_special_before(
        text in "[a-zA-Zé€🦀\u{7f}\u{80}! #\\[\\]]{0,40}",
        end in select(vec!["\"", "\\", "\n", "\0", "\u{1f}", ""]),
        rest in any::<String>(),
    ) {
        let whole = format!("{text}{end}{rest}");
        let special = whole.find(|c| matches!(c, '"' | '\\' | ..' '));
        let expected = special.filter(|&at| whole[at..].starts_with('"')).map(|at| &whole[..at]);
        prop_assert_eq!(plain_string::string(&whole), expected, "{:?}", whole);
    }
}
