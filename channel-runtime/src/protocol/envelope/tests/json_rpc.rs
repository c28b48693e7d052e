use serde_json::{Value, json};

use super::{decode, failure, failure_text, none_of_ours, refusal};
use crate::protocol::codec::samples::{Game, Say, a_move};
use crate::protocol::codec::{DecodeError, EncodeError, ReceivedBody};
use crate::protocol::envelope::{Envelope, Incoming, JsonRpc, object};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

fn request(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"leave_game","id":{id}}}"#)
}

#[test]
fn an_id_is_repeated_as_the_client_has_written_it() {
    for id in ["0", "-7", "1.5", "7.0", "-0", "1e400", "null", "18446744073709551616", r#""""#, r#""a b""#] {
        let reference = decode::<JsonRpc>(&request(id)).reference.unwrap();
        let answer = failure_text::<JsonRpc>("a.b", Some(&reference)).unwrap();
        assert_eq!(object(&answer, ["id"]).unwrap(), [Some(id)], "{answer}");
    }
    assert_eq!(decode::<JsonRpc>(&request(r#""\u0061""#)).reference, Some(Ref::Text("a".into())));
    let digits = "7".repeat(Ref::MAX_RAW_LEN);
    assert_eq!(decode::<JsonRpc>(&request(&digits)).reference, Some(Ref::Raw(digits.as_str().into())));
}

#[test]
fn an_id_that_is_too_long_or_of_another_kind_is_answered_with_null() {
    let kilobyte = "i".repeat(1024);
    for id in [
        "{}",
        "[1]",
        "true",
        "false",
        &format!("\"{}\"", "i".repeat(65)),
        &"7".repeat(Ref::MAX_RAW_LEN + 1),
        &format!("\"{kilobyte}\""),
        &format!("\"{}\"", "\\u0000".repeat(65)),
    ] {
        let (error, reference) = refusal::<JsonRpc>(&request(id));
        assert_eq!(reference, None, "{id}");
        let fault = Fault::from(error);
        assert_eq!(fault.code, Fault::MALFORMED);
        assert_eq!(fault.details, json!({ "line": 1, "column": 45 }));
    }
    let answer = failure::<JsonRpc>(Fault::MALFORMED, None).unwrap();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &Value::Null));
}

#[test]
fn only_what_may_have_been_a_request_is_answered_without_an_id() {
    for (code, number) in [(Fault::MALFORMED, Some(-32600)), ("rpc.-32700", Some(-32700))] {
        assert_eq!(failure::<JsonRpc>(code, None).unwrap()["error"]["code"].as_i64(), number);
    }
    for code in [Fault::UNKNOWN_TYPE, Fault::INVALID_PAYLOAD, Fault::VALIDATION, Fault::INTERNAL, "a.b", "rpc.-32601"] {
        assert!(matches!(failure::<JsonRpc>(code, None), Err(EncodeError::NoPlace { kind: "error" })), "{code}");
    }
}

#[test]
fn each_code_has_its_number() {
    for (code, number) in [
        (Fault::MALFORMED, -32600),
        (Fault::UNKNOWN_TYPE, -32601),
        (Fault::INVALID_PAYLOAD, -32602),
        (Fault::VALIDATION, -32602),
        (Fault::INTERNAL, -32603),
        (Fault::RATE_LIMITED, -32000),
        ("game.full", -32000),
        ("rpc.-32050", -32050),
        ("rpc.7", 7),
        ("rpc.x", -32000),
        ("rpc.9223372036854775808", -32000),
    ] {
        let answer = failure::<JsonRpc>(code, Some(&Ref::Number(1))).unwrap();
        assert_eq!((&answer["error"]["code"], &answer["error"]["data"]), (&json!(number), &json!({ "code": code })));
        let ReceivedBody::Error { fault, .. } = JsonRpc::receive::<Game>(&answer.to_string()).unwrap().body else {
            panic!("{answer}")
        };
        assert_eq!((&*fault.code, &fault.details), (code, &Value::Null));
    }
}

#[test]
fn an_error_of_another_program_keeps_its_number_and_its_data() {
    for (error, code, details) in [
        (r#"{"code":-32000,"message":"no"}"#, "rpc.-32000", Value::Null),
        (r#"{"code":5,"message":"no","data":{"code":"unknown_type"}}"#, "rpc.5", json!({ "code": "unknown_type" })),
        (r#"{"code":-32000,"message":"no","data":{"code":"E","x":1}}"#, "rpc.-32000", json!({ "code": "E", "x": 1 })),
        (r#"{"code":"x","message":7,"data":[1]}"#, "rpc.0", json!([1])),
        ("{}", "rpc.0", Value::Null),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","error":{error},"id":"s1"}}"#);
        let Ok(Incoming::Answer { reference, answer: Err(fault) }) = JsonRpc::read(&text) else { panic!("{text}") };
        assert_eq!((reference, &*fault.code, &fault.details), (Ref::Text("s1".into()), code, &details), "{text}");
    }
}

#[test]
fn what_is_no_answer_of_the_client_s_does_not_name_a_request_of_ours() {
    for (text, column) in [
        (r#"{"jsonrpc":"2.0","result":1,"error":{},"id":1}"#, 1),
        (r#"{"jsonrpc":"2.0","error":"no","id":1}"#, 26),
        (r#"{"jsonrpc":"1.0","result":1,"id":1}"#, 12),
        (r#"{"result":1,"id":1}"#, 1),
        (r#"{"jsonrpc":"2.0","result":1}"#, 1),
    ] {
        let (error, reference) = refusal::<JsonRpc>(text);
        let DecodeError::Malformed { line: 1, column: found, .. } = error else { panic!("{text}: {error:?}") };
        assert_eq!((reference, found), (None, column), "{text}");
    }
    assert_eq!(refusal::<JsonRpc>(r#"{"jsonrpc":"2.0","id":1}"#).1, Some(Ref::Number(1)));
    assert_eq!(
        refusal::<JsonRpc>(r#"{"jsonrpc":"2.0","method":"leave_game","result":1,"id":1}"#).1,
        Some(Ref::Number(1))
    );
}

#[test]
fn params_are_read_by_name_and_by_place_and_may_be_left_out() {
    let of = |kind: &str, params: &str| {
        decode::<JsonRpc>(&format!(r#"{{"jsonrpc":"2.0","params":{params},"method":"{kind}"}}"#)).message
    };
    assert_eq!(of("move", r#"[[4,1],{"x":4.0,"y":3}]"#), Ok(a_move()));
    assert_eq!(of("move", r#"{"to":[4,3],"from":[4,1]}"#), Ok(a_move()));
    assert_eq!(of("say", r#"["hi"]"#), Ok(Game::Say(Say { text: "hi".into() })));
    assert!(matches!(of("say", r#"["hi","more"]"#), Err(DecodeError::InvalidPayload { .. })));
    assert!(matches!(of("strict", r#"{"level":1,"method":2}"#), Err(DecodeError::InvalidPayload { .. })));
    for params in ["[]", "{}", "[1,2]"] {
        assert_eq!(of("leave_game", params), Ok(Game::Leave), "{params}");
    }
    assert_eq!(decode::<JsonRpc>(r#"{"jsonrpc":"2.0","method":"leave_game"}"#).message, Ok(Game::Leave));
    let missing = refusal::<JsonRpc>(r#"{"jsonrpc":"2.0","method":"move","id":1}"#).0;
    assert!(matches!(missing, DecodeError::InvalidPayload { path, .. } if path == "from"));
}

#[test]
fn the_code_says_whether_it_is_json_and_the_place_where_it_ends_to_be() {
    for (text, place) in [
        ("", (1, 0)),
        ("{", (1, 1)),
        ("nonsense", (1, 2)),
        ("[1,\n2", (2, 1)),
        ("{\"jsonrpc\":\"2.0\",\n\"id\":}", (2, 6)),
        (r#"{"jsonrpc":"2.0"}{}"#, (1, 18)),
        ("\u{c}[]", (1, 1)),
    ] {
        let (code, reason, found) = none_of_ours::<JsonRpc>(text);
        assert_eq!((&*code, found), ("rpc.-32700", place), "{text}: {reason}");
    }
    for (text, reason, place) in [
        ("7", "invalid type: integer `7`, expected an object", (1, 1)),
        ("[]", "an empty batch", (1, 1)),
        ("\n[ ]", "an empty batch", (1, 1)),
        ("{\"jsonrpc\":\"2.0\",\n \"method\": 7}", "`method` is no string", (2, 12)),
        ("{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\"}", "`method` is no string", (1, 27)),
        (r#"{"jsonrpc":"2.0","method":"a","params":7}"#, "`params` is neither an object nor an array", (1, 40)),
        (r#"{"jsonrpc":2.0}"#, "`jsonrpc` is not \"2.0\"", (1, 12)),
        (r#"{"id":1,"id":1}"#, "a second `id`", (1, 12)),
    ] {
        let (code, found_reason, found) = none_of_ours::<JsonRpc>(text);
        assert_eq!((&*code, &*found_reason, found), (Fault::MALFORMED, reason, place), "{text}");
    }
}
