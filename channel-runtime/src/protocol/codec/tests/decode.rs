use std::collections::HashMap;

use serde_json::json;
use serde_json::value::RawValue;

use super::{everywhere, malformed, read, reference, refusal, text_ref};
use crate::protocol::codec::samples::{Borrowing, Extended, Game, Opaque, Pong, Say, Scores, Strict, Wide, a_move};
use crate::protocol::codec::{DecodeError, decode};
use crate::protocol::fault::Fault;

#[track_caller]
fn invalid(text: &str) -> (String, String, usize, usize) {
    match refusal(text) {
        DecodeError::InvalidPayload { path, reason, line, column, .. } => (path, reason, line, column),
        other => panic!("{text}: {other:?}"),
    }
}

const FROM: &str = r#""from":{"x":4,"y":1}"#;
const TO: &str = r#""to":{"x":4,"y":3}"#;

#[test]
fn the_type_may_stand_anywhere() {
    for text in everywhere("move", &[FROM, TO]) {
        assert_eq!(read(&text), a_move(), "{text}");
    }
}

#[test]
fn white_space_may_stand_anywhere() {
    assert_eq!(read(" \n{ \t\"type\" : \"leave_game\" } \r\n"), Game::Leave);
    assert_eq!(read(" { \"text\" : \"hi\" , \"type\" : \"say\" } "), Game::Say(Say { text: "hi".into() }));
}

#[test]
fn escapes_in_the_type_and_its_key_are_read() {
    for key in ["type", r"\u0074ype", r"t\u0079p\u0065"] {
        for kind in ["move", r"mo\u0076e", r"\u006dove"] {
            for text in [
                format!(r#"{{"{key}":"{kind}",{FROM},{TO}}}"#),
                format!(r#"{{{FROM},"{key}":"{kind}",{TO}}}"#),
                format!(r#"{{{FROM},{TO},"{key}":"{kind}"}}"#),
            ] {
                assert_eq!(read(&text), a_move(), "{text}");
            }
        }
    }
}

#[test]
fn escapes_in_the_keys_of_a_payload_and_of_the_ref_are_read() {
    let decoded = decode::<Game>(r#"{"r\u0065f":"7","type":"say","te\u0078t":"hi"}"#);
    assert_eq!(decoded.reference, text_ref("7"));
    assert_eq!(decoded.message.unwrap(), Game::Say(Say { text: "hi".into() }));
}

#[test]
fn a_second_type_is_refused_wherever_it_stands() {
    for text in [
        r#"{"type":"say","type":"say","text":"a"}"#,
        r#"{"type":"say","text":"a","type":"say"}"#,
        r#"{"text":"a","type":"say","type":"say"}"#,
        r#"{"text":"a","type":"strict","type":"say"}"#,
        r#"{"type":"nonsense","text":"a","type":"say"}"#,
        r#"{"type":"leave_game","type":"leave_game"}"#,
        r#"{"type":"pong","\u0074ype":"pong"}"#,
    ] {
        assert_eq!(malformed(text).0, "a second `type`", "{text}");
    }
}

#[test]
fn a_missing_type_is_malformed() {
    assert_eq!(malformed("{}"), ("missing field `type`".into(), 1, 2));
    assert_eq!(malformed("{\n \"text\": \"hi\"\n}"), ("missing field `type`".into(), 3, 1));
    assert_eq!(malformed(r#"{"text":{"type":"say"}}"#).0, "missing field `type`");
    assert_eq!(malformed(r#"{"text":",\"type\":\"say"}"#).0, "missing field `type`");
}

#[test]
fn a_type_that_is_no_string_is_malformed() {
    for value in ["1", "null", "true", "[]", "{}", r#"["say"]"#] {
        for text in [format!(r#"{{"type":{value},"text":"a"}}"#), format!(r#"{{"text":"a","type":{value}}}"#)] {
            let (reason, ..) = malformed(&text);
            assert!(reason.starts_with("invalid type: ") && reason.ends_with("a string as `type`"), "{text}: {reason}");
        }
    }
}

#[test]
fn what_seems_to_be_the_type_at_the_end_is_checked() {
    assert_eq!(read(r#"{"text":"x","type":"say","more":{"type":"move"}}"#), Game::Say(Say { text: "x".into() }));
    // The quote before `type` is escaped, so this is the end of another key.
    let text = r#"{"text":"x","type":"say","\"type":"leave_game"}"#;
    assert_eq!(read(text), Game::Say(Say { text: "x".into() }));
    assert_eq!(malformed(r#"{"text":"x","\"type":"say"}"#).0, "missing field `type`");
    assert_eq!(refusal(r#"{"text":"x","type":"s\u0061y2"}"#), DecodeError::UnknownType { kind: "say2".into() });
}

#[test]
fn an_unknown_type_is_told_from_a_bad_field() {
    let unknown = DecodeError::UnknownType { kind: "jump".into() };
    for text in [r#"{"type":"jump"}"#, r#"{"type":"jump","from":7}"#, r#"{"from":7,"type":"jump"}"#] {
        assert_eq!(refusal(text), unknown, "{text}");
    }
    assert!(
        matches!(refusal(r#"{"type":"move","from":7}"#), DecodeError::InvalidPayload { kind, .. } if kind == "move")
    );
}

#[test]
fn a_bad_field_is_told_with_its_path_line_and_column() {
    let bad = "{\n  \"type\": \"move\",\n  \"from\": {\"x\": 4, \"y\": 900},\n  \"to\": {}\n}";
    assert_eq!(invalid(bad), ("from.y".into(), "invalid value: integer `900`, expected u8".into(), 3, 27),);
    let last = "{\n  \"from\": {\"x\": 4, \"y\": \"one\"},\n  \"to\": {}, \"type\": \"move\"}";
    assert_eq!(invalid(last), ("from.y".into(), "invalid type: string \"one\", expected u8".into(), 2, 29),);
    let fault = Fault::from(refusal(bad));
    assert_eq!(fault.code, Fault::INVALID_PAYLOAD);
    assert_eq!(fault.details, json!({ "path": "from.y", "line": 3, "column": 27 }));
    assert_eq!(
        fault.message,
        "invalid message of type \"move\": `from.y`: invalid value: integer `900`, expected u8 at line 3 column 27"
    );
}

#[test]
fn the_path_to_a_missing_field_is_where_it_would_be() {
    let text = r#"{"type":"say"}"#;
    assert_eq!(invalid(text), ("text".into(), "missing field `text`".into(), 1, 14));
    assert_eq!(Fault::from(refusal(text)).details, json!({ "path": "text", "line": 1, "column": 14 }));
    assert_eq!(invalid(r#"{"type":"move","from":{"x":1},"to":{}}"#).0, "from.y");
}

#[test]
fn a_field_given_twice_is_serdes_duplicate_field() {
    assert_eq!(invalid(r#"{"type":"say","text":"a","text":"b"}"#).1, "duplicate field `text`");
    assert_eq!(invalid(r#"{"text":"a","text":"b","type":"say"}"#).1, "duplicate field `text`");
}

#[test]
fn what_is_no_object_is_malformed() {
    let (reason, line, column) = malformed(r#"["move",{"x":4,"y":1},{"x":4,"y":3}]"#);
    assert_eq!((reason.as_str(), line, column), ("invalid type: sequence, expected an object", 1, 0));
    for text in ["1", "null", "true", r#""move""#, "[]"] {
        assert!(malformed(text).0.ends_with("expected an object"), "{text}");
    }
}

#[test]
fn what_is_no_json_is_malformed() {
    for text in ["", " ", "{", "nonsense", "{\"type\"", "{\"type\":\"say\",", "{'type':'say'}", "\u{feff}{}", "}"] {
        malformed(text);
    }
    assert_eq!(malformed("{\n\"type\":\"say\",\n\"text\":tru}"), ("expected ident".into(), 3, 11));
}

#[test]
fn text_after_the_object_is_malformed() {
    for text in [r#"{"type":"leave_game"}x"#, r#"{"a":1,"type":"leave_game"} {}"#, r#"{"type":"jump"},"#] {
        assert_eq!(malformed(text).0, "trailing characters", "{text}");
    }
}

#[test]
fn a_payload_may_deny_unknown_fields() {
    for text in everywhere("strict", &[r#""level":3"#, r#""ref":"7""#, r#""$trace":[1]"#]) {
        assert_eq!(read(&text), Game::Strict(Strict { level: 3 }), "{text}");
        assert_eq!(reference(&text), text_ref("7"), "{text}");
    }
    assert_eq!(invalid(r#"{"type":"strict","level":3,"more":1}"#).1, "unknown field `more`, expected `level`");
}

#[test]
fn integers_may_be_the_keys_of_a_message() {
    let scores = Game::Scores(Scores(HashMap::from([(1, -5), (20, 7)])));
    for text in everywhere("scores", &[r#""1":-5"#, r#""20":7"#, r#""ref":1"#]) {
        assert_eq!(read(&text), scores, "{text}");
    }
    assert_eq!(read(r#"{"type":"scores","\u0031":-5,"20":7}"#), scores);
    for key in ["x", "-1", "1.5", "+1", "01", " 1", "1 ", "4294967296", ""] {
        let (_, reason, ..) = invalid(&format!(r#"{{"type":"scores","{key}":1}}"#));
        assert_eq!(reason, format!("invalid type: string {key:?}, expected u32"));
    }
}

#[test]
fn raw_values_are_kept_to_the_letter() {
    let raw = r#"{ "b" : [1.50, "\u0041"],"a":1e2 }"#;
    let opaque = Game::Opaque(Opaque { data: RawValue::from_string(raw.into()).unwrap(), count: 2 });
    let data = format!(r#""data":{raw}"#);
    for text in everywhere("opaque", &[&data, r#""count":2"#]) {
        assert_eq!(read(&text), opaque, "{text}");
    }
    assert_eq!(invalid(&format!(r#"{{"type":"opaque",{data},"count":300}}"#)).0, "count");
}

#[test]
fn integers_of_128_bits_are_read() {
    for number in [i128::MIN, i128::MAX] {
        let field = format!(r#""number":{number}"#);
        for text in everywhere("wide", &[&field, r#""more":0"#]) {
            assert_eq!(read(&text), Game::Wide(Wide { number }), "{text}");
        }
    }
}

#[test]
fn payloads_may_borrow_from_the_text() {
    for text in everywhere("borrowing", &[r#""name":"Ada""#, r#""more":0"#]) {
        assert_eq!(read(&text), Game::Borrowing(Borrowing { name: "Ada".into() }), "{text}");
    }
}

#[test]
fn a_flattened_payload_sees_none_of_the_protocols_keys() {
    let decoded = decode::<Game>(r#"{"a":1,"ref":"7","id":5,"$trace":0,"b":[2],"type":"extended"}"#);
    let rest = [("a".into(), json!(1)), ("b".into(), json!([2]))].into();
    assert_eq!(decoded.message.unwrap(), Game::Extended(Extended { id: 5, rest }));
}

#[test]
fn a_unit_struct_is_an_object_with_or_without_more_in_it() {
    for text in [
        r#"{"type":"pong"}"#,
        r#"{"type":"pong","at":[1,{"x":2}],"ref":1}"#,
        r#"{"at":5,"type":"pong"}"#,
        r#"{"at":5,"type":"pong","more":null}"#,
    ] {
        assert_eq!(read(text), Game::Pong(Pong), "{text}");
    }
}

#[test]
fn a_message_without_a_struct_passes_over_fields() {
    for text in [
        r#"{"type":"leave_game"}"#,
        r#"{"type":"leave_game","why":[1,{"x":2}],"ref":1}"#,
        r#"{"why":"bored","type":"leave_game"}"#,
        r#"{"why":"bored","type":"leave_game","more":null}"#,
    ] {
        assert_eq!(read(text), Game::Leave, "{text}");
    }
}

#[test]
fn keys_that_begin_with_a_dollar_are_passed_over() {
    for text in everywhere("say", &[r#""$room":5"#, r#""$":[{}]"#, r#""text":"hi""#, r#""$later":"7""#]) {
        assert_eq!(read(&text), Game::Say(Say { text: "hi".into() }), "{text}");
    }
}

#[test]
fn errors_repeat_at_most_256_bytes_of_the_text() {
    let long = "ü".repeat(100_000);
    let DecodeError::UnknownType { kind } = refusal(&format!(r#"{{"type":"{long}"}}"#)) else { panic!() };
    assert!(kind.len() <= 256 && kind.starts_with('ü') && kind.ends_with('…'), "{kind}");
    let (_, reason, ..) = invalid(&format!(r#"{{"type":"move","from":"{long}"}}"#));
    assert!(reason.len() <= 256, "{reason}");
}

#[test]
fn errors_read_as_sentences() {
    for (error, text, code) in [
        (refusal("{"), "malformed message: EOF while parsing an object at line 1 column 1", Fault::MALFORMED),
        (refusal(r#"{"type":"a\"b"}"#), r#"unknown message type "a\"b""#, Fault::UNKNOWN_TYPE),
        (DecodeError::Binary, "binary messages are not taken here", Fault::UNKNOWN_TYPE),
        (
            refusal(r#"{"type":"say"}"#),
            "invalid message of type \"say\": `text`: missing field `text` at line 1 column 14",
            Fault::INVALID_PAYLOAD,
        ),
    ] {
        assert_eq!(error.to_string(), text);
        let fault = Fault::from(error);
        assert_eq!((fault.code.as_ref(), fault.message.as_str()), (code, text));
    }
}
