use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::Serializer;
use serde_json::json;

use super::numbers::is_of_arbitrary_precision;
use super::{everywhere, malformed, read, reference, text_ref};
use crate::protocol::codec::samples::{Game, Say};
use crate::protocol::codec::{DecodeError, Decoded, decode};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Messages, Ref};

#[test]
fn a_ref_is_found_wherever_it_stands() {
    for text in everywhere("say", &[r#""ref":"a-7""#, r#""text":"hi""#]) {
        assert_eq!(reference(&text), text_ref("a-7"), "{text}");
        assert_eq!(read(&text), Game::Say(Say { text: "hi".into() }));
    }
    for text in [
        r#"{"type":"say","text":"hi","ref":"a-7"}"#,
        r#"{"text":"hi","ref":"a-7","type":"say"}"#,
        r#"{"type":"pong","ref":"a-7"}"#,
        r#"{"$x":0,"ref":"a-7","type":"pong"}"#,
    ] {
        assert_eq!(reference(text), text_ref("a-7"), "{text}");
    }
}

#[test]
fn a_ref_is_a_short_string_or_a_64_bit_integer() {
    let with = |reference: &str| decode::<Game>(&format!(r#"{{"type":"pong","ref":{reference}}}"#));
    for number in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(with(&number.to_string()).reference, Some(number.into()));
    }
    let longest = "é".repeat(32);
    assert_eq!(with(&format!("{longest:?}")).reference, text_ref(&longest));
    assert_eq!(with(r#""""#).reference, text_ref(""));

    let too_long = format!("{:?}", "é".repeat(32) + "e");
    for bad in [too_long.as_str(), "1.5", "1e16", "9223372036854775808", "true", "[1]", "{}"] {
        for text in [
            format!(r#"{{"type":"pong","ref":{bad}}}"#),
            format!(r#"{{"ref":{bad},"type":"pong"}}"#),
            format!(r#"{{"a":1,"ref":{bad},"type":"pong"}}"#),
        ] {
            malformed(&text);
            assert_eq!(reference(&text), None, "{text}");
        }
    }
}

#[test]
fn a_ref_of_null_is_none_and_a_whole_float_is_the_integer() {
    let floats = [("7.0", Some(7)), ("-2.0", Some(-2)), ("1e2", Some(100)), ("-0", Some(0))];
    // With serde_json's `arbitrary_precision` a float is passed on as a map, and is no `ref`.
    let floats = if is_of_arbitrary_precision() { &[][..] } else { &floats };
    for &(written, read) in [("null", None)].iter().chain(floats) {
        for text in [
            format!(r#"{{"type":"pong","ref":{written}}}"#),
            format!(r#"{{"ref":{written},"type":"pong"}}"#),
            format!(r#"{{"a":1,"ref":{written},"type":"pong"}}"#),
            format!(r#"{{"a":1,"ref":{written},"type":"jump"}}"#),
        ] {
            assert_eq!(reference(&text), read.map(Ref::Number), "{text}");
        }
    }
    for text in [r#"{"type":"pong","ref":null,"ref":7}"#, r#"{"ref":7,"type":"pong","ref":null}"#] {
        assert_eq!(malformed(text).0, "a second `ref`", "{text}");
    }
}

#[test]
fn a_ref_may_be_read_on_its_own() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Held {
        Ref(Ref),
    }

    for number in [i64::MIN, -1, 0, i64::MAX] {
        let text = number.to_string();
        assert_eq!(serde_json::from_str::<Ref>(&text).unwrap(), number.into());
        assert_eq!(serde_json::from_str::<Held>(&text).unwrap(), Held::Ref(number.into()));
        assert_eq!(serde_json::from_value::<Ref>(json!(number)).unwrap(), number.into());
    }
    for no_ref in ["1.5", "1e16", "9223372036854775808", "-9223372036854775809"] {
        serde_json::from_str::<Ref>(no_ref).unwrap_err();
    }
}

#[test]
fn a_second_ref_is_refused_and_the_first_answered() {
    for text in [
        r#"{"ref":"7","ref":"8","type":"pong"}"#,
        r#"{"ref":"7","type":"pong","ref":"7"}"#,
        r#"{"type":"say","text":"x","ref":"7","ref":[]}"#,
        r#"{"a":1,"ref":"7","type":"pong","r\u0065f":9}"#,
    ] {
        assert_eq!(malformed(text).0, "a second `ref`", "{text}");
        assert_eq!(reference(text), text_ref("7"), "{text}");
    }
}

#[test]
fn the_ref_of_a_bad_message_is_found() {
    for (text, code) in [
        (r#"{"type":"jump","ref":"7"}"#, Fault::UNKNOWN_TYPE),
        (r#"{"ref":"7","height":2,"type":"jump"}"#, Fault::UNKNOWN_TYPE),
        (r#"{"type":"say","text":1,"ref":"7"}"#, Fault::INVALID_PAYLOAD),
        (r#"{"text":1,"ref":"7","type":"say"}"#, Fault::INVALID_PAYLOAD),
        (r#"{"type":"say","ref":"7"}"#, Fault::INVALID_PAYLOAD),
        (r#"{"text":1,"ref":"7"}"#, Fault::MALFORMED),
        (r#"{"type":5,"ref":"7"}"#, Fault::MALFORMED),
        (r#"{"type":"pong","ref":"7","type":"pong"}"#, Fault::MALFORMED),
        (r#"{"ref":"7","type":"say","text":tru}"#, Fault::MALFORMED),
        (r#"{"type":"pong","ref":"7"} and more"#, Fault::MALFORMED),
        (r#"{"type":"pong","ref":"7""#, Fault::MALFORMED),
    ] {
        let Decoded { reference, message, .. } = decode::<Game>(text);
        assert_eq!(Fault::from(message.unwrap_err()).code, code, "{text}");
        // A malformed text is read up to its error: the type that is no string is before the `ref`.
        let expected = if text.starts_with(r#"{"type":5"#) { None } else { text_ref("7") };
        assert_eq!(reference, expected, "{text}");
    }
}

#[test]
fn a_ref_behind_what_the_payload_leaves_unread_is_found() {
    #[derive(Debug, PartialEq)]
    struct First(String);

    impl<'de> Visitor<'de> for First {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
            let entry: Option<(String, IgnoredAny)> = map.next_entry()?;
            entry.map(|(key, _)| Self(key)).ok_or_else(|| de::Error::custom("empty"))
        }
    }

    impl Messages for First {
        const TYPES: &'static [&'static str] = &["first"];

        fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
            fields.deserialize_map(Self(String::new()))
        }

        fn index(&self) -> usize {
            0
        }

        fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }

    for text in everywhere("first", &[r#""a":1"#, r#""b":[]"#, r#""ref":"7""#]) {
        let decoded = decode::<First>(&text);
        assert_eq!(decoded.message.unwrap(), First("a".into()), "{text}");
        assert_eq!(decoded.reference, text_ref("7"), "{text}");
    }
    assert_eq!(
        decode::<First>(r#"{"type":"first","a":1,"type":"first"}"#).message.unwrap_err(),
        DecodeError::Malformed { reason: "a second `type`".into(), line: 1, column: 28 }
    );
}
