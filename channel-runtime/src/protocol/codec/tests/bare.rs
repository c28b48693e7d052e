//! Objects of which `type` alone is no field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::codec::samples::{Extended, Game, Strict, a_move};
use crate::protocol::codec::{
    DecodeError, EncodeError, decode_bare, decode_bare_at, encode_bare, encode_bare_one_of, index_bare,
};
use crate::protocol::message::{Message, Messages};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Next {
    id: String,
    r#ref: bool,
    #[serde(rename = "$x")]
    extension: f64,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Message for Next {
    const TYPE: &'static str = "next";
}

fn next(extension: f64, rest: &[(&str, Value)]) -> Next {
    let rest = rest.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Next { id: "1".into(), r#ref: true, extension, rest }
}

#[track_caller]
fn written<M: Message>(message: &M) -> String {
    let mut out = b"before".to_vec();
    encode_bare(message, &mut out).unwrap();
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[track_caller]
fn refusal<M: Message>(message: &M) -> EncodeError {
    let mut out = b"before".to_vec();
    let error = encode_bare(message, &mut out).unwrap_err();
    assert_eq!(out, b"before");
    error
}

#[test]
fn the_type_alone_is_written_beside_the_fields() {
    assert_eq!(
        written(&next(1.5, &[("$room", json!("r")), ("code", json!(7))])),
        r#"{"type":"next","id":"1","ref":true,"$x":1.5,"$room":"r","code":7}"#
    );
    let mut out = Vec::new();
    encode_bare_one_of(&Game::Leave, &mut out).unwrap();
    assert_eq!(out, br#"{"type":"leave_game"}"#);
}

#[test]
fn a_flattened_type_and_a_number_that_json_can_not_say_are_refused() {
    assert!(matches!(
        refusal(&next(1.5, &[("type", json!("other"))])),
        EncodeError::ReservedKey { kind: "next", key } if key == "type"
    ));
    for number in [f64::NAN, f64::INFINITY] {
        assert!(matches!(refusal(&next(number, &[])), EncodeError::Payload { kind: "next", .. }));
    }
}

#[test]
fn no_field_but_the_type_is_hidden_from_the_payload() {
    for text in [
        r#"{"type":"extended","id":1,"ref":true,"$room":[],"$":null,"ref":2}"#,
        r#"{"ref":true,"type":"extended","id":1.0,"$room":[],"$":null,"ref":2}"#,
        r#"{"$room":[],"$":null,"ref":true,"id":1,"ref":2,"type":"extended"}"#,
        r#"{"$room":[],"\u0024":null,"id":1,"\u0072ef":2,"t\u0079pe":"extended"}"#,
    ] {
        let rest = [("ref", json!(2)), ("$room", json!([])), ("$", Value::Null)];
        let rest = rest.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let expected = Game::Extended(Extended { id: 1, rest });
        assert_eq!(decode_bare::<Game>(text).as_ref(), Ok(&expected), "{text}");
        let index = index_bare::<Game>(text).unwrap();
        assert_eq!(Game::TYPES[index], "extended");
        assert_eq!(decode_bare_at::<Game>(text, index), Ok(expected), "{text}");
    }
}

#[test]
fn a_payload_that_denies_unknown_fields_does_not_see_the_type_but_all_others() {
    for text in [r#"{"type":"strict","level":7}"#, r#"{"level":7.0,"type":"strict"}"#] {
        assert_eq!(decode_bare(text), Ok(Game::Strict(Strict { level: 7 })), "{text}");
    }
    for (key, column) in [("ref", 22), ("$x", 21)] {
        for text in [format!(r#"{{"type":"strict","{key}":7,"level":7}}"#), format!(r#"{{"{key}":7,"type":"strict"}}"#)]
        {
            let Err(DecodeError::InvalidPayload { kind, reason, .. }) = decode_bare::<Game>(&text) else {
                panic!("{text}")
            };
            assert!(kind == "strict" && reason.contains(&format!("unknown field `{key}`")), "{reason}");
        }
        let text = format!("{{\"type\":\n\"strict\",\"{key}\":7}}");
        let Err(DecodeError::InvalidPayload { line, column: found, .. }) = decode_bare::<Game>(&text) else {
            panic!("{text}")
        };
        assert_eq!((line, found), (2, column - 8), "{text}");
    }
}

#[test]
fn what_the_codec_checks_is_checked() {
    let too_deep = format!(r#"{{"type":"move","unknown":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let malformed = |text: &str| match decode_bare::<Game>(text) {
        Err(DecodeError::Malformed { reason, line, column }) => (reason, line, column),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(malformed(&too_deep), ("nested too deep".into(), 1, 152));
    assert_eq!(malformed(r#"{"text":"hi"}"#).0, "missing field `type`");
    assert_eq!(malformed(r#"{"type":"say","text":"hi","type":"say"}"#).0, "a second `type`");
    for text in ["", "7", "[]", "{", r#"{"type":"pong",}"#, r#"{"type":7}"#, r#"{"type":"pong","ref":}"#] {
        malformed(text);
    }
    assert_eq!(
        decode_bare::<Game>(r#"{"type":"jump","ref":true}"#),
        Err(DecodeError::UnknownType { kind: "jump".into() })
    );
    let text = r#"{"to":{"x":4.0,"y":3},"ref":[],"from":{"x":4,"y":1},"type":"move"}"#;
    assert_eq!(decode_bare(text), Ok(a_move()));
}
