use serde_json::{Value, json};

use super::{TOPIC, decode, failure, none_of_ours, refusal};
use crate::protocol::codec::samples::{Game, Say};
use crate::protocol::codec::{DecodeError, EncodeError};
use crate::protocol::envelope::{Envelope, Incoming, Phoenix};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

fn push(join_ref: &str, reference: &str, topic: &str) -> String {
    format!(r#"[{join_ref},{reference},"{topic}","say",{{"text":"hi"}}]"#)
}

#[test]
fn a_topic_is_the_path_as_the_page_writes_it() {
    for (path, topic) in [
        ("/room/7/websocket", "room:7"),
        ("/room/7", "room:7"),
        ("/room/a%3Ab/websocket", "room:a:b"),
        ("/room/caf%C3%A9%20%2F/websocket", "room:café /"),
        ("/game/7/chat/websocket", "game:7:chat"),
        ("/", ""),
    ] {
        assert_eq!(Phoenix::topic(path), topic, "{path}");
    }
}

#[test]
fn refs_are_repeated_as_the_client_has_written_them() {
    for (join_ref, reference) in [(r#""1""#, r#""2""#), ("null", r#""2""#), ("1", "2"), (r#""\u0061""#, r#""""#)] {
        let text = push(join_ref, reference, TOPIC);
        let found = decode::<Phoenix>(&text);
        assert_eq!(found.message, Ok(Game::Say(Say { text: "hi".into() })));
        let answer = failure::<Phoenix>("a.b", found.reference.as_ref()).unwrap();
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(answer[0], value(join_ref), "{text}");
        assert_eq!((&answer[1], &answer[2]), (&value(reference), &json!(TOPIC)), "{text}");
    }
    assert_eq!(decode::<Phoenix>(&push(r#""1""#, "null", TOPIC)).reference, None);
    assert!(matches!(failure::<Phoenix>("a.b", None), Err(EncodeError::NoPlace { kind: "error" })));
}

#[test]
fn refs_that_are_too_long_or_of_another_kind_are_not_answered() {
    for (join_ref, reference) in [
        ("null", format!("\"{}\"", "r".repeat(1024))),
        (r#""1""#, "{}".to_owned()),
        (r#""1""#, "[1]".to_owned()),
        (r#""1""#, "true".to_owned()),
        ("[]", r#""1""#.to_owned()),
        ("null", "7".repeat(Ref::MAX_RAW_LEN - 4)),
    ] {
        let text = push(join_ref, &reference, TOPIC);
        let (error, found) = refusal::<Phoenix>(&text);
        assert!(matches!(error, DecodeError::Malformed { column: 2, .. }), "{error:?}");
        assert_eq!(found, None, "{text}");
    }
    let longest = "7".repeat(Ref::MAX_RAW_LEN - "null,".len());
    let found = decode::<Phoenix>(&push("null", &longest, TOPIC));
    assert!(found.message.is_ok());
    // There is no place for the topic beside them: it is answered on the connection's own.
    let answer = failure::<Phoenix>("a.b", found.reference.as_ref()).unwrap();
    assert_eq!(answer[2], TOPIC);
}

#[test]
fn another_topic_is_refused_on_that_topic() {
    for topic in ["room:8", "phoenix", "", "room:7:8"] {
        let (error, reference) = refusal::<Phoenix>(&push("null", "\"1\"", topic));
        let fault = Fault::from(error);
        assert_eq!(fault.code, "unknown_topic", "{topic}");
        let answer = failure::<Phoenix>("unknown_topic", reference.as_ref()).unwrap();
        assert_eq!((&answer[2], &answer[4]["response"]["reason"]), (&json!(topic), &json!("unmatched topic")));
        let Ok(Incoming::Answer { answer: Err(fault), .. }) = Phoenix::read(&answer.to_string()) else { panic!() };
        assert_eq!(fault.code, "unknown_topic");
    }
    assert!(decode::<Phoenix>(r#"[null,"1","r\u006fom:7","say",{"text":"hi"}]"#).message.is_ok());
}

#[test]
fn only_a_heartbeat_is_of_the_socket() {
    let replies = |text: &str| match Phoenix::read(text) {
        Ok(Incoming::Message(message)) => message.or_reply,
        other => panic!("{text}: {other:?}"),
    };
    let ok =
        |refs: &str, topic: &str| vec![format!(r#"[{refs},"{topic}","phx_reply",{{"status":"ok","response":{{}}}}]"#)];
    assert_eq!(replies(r#"[null,"1","phoenix","heartbeat",{}]"#), ok(r#"null,"1""#, "phoenix"));
    assert_eq!(replies(r#"["1","1","room:7","phx_join",{}]"#), ok(r#""1","1""#, "room:7"));
    assert_eq!(replies(r#"["1","2","room:7","phx_leave",{}]"#), ok(r#""1","2""#, "room:7"));
    for text in [
        r#"[null,null,"phoenix","heartbeat",{}]"#,
        r#"[null,"1","room:7","heartbeat",{}]"#,
        r#"[null,"1","phoenix","say",{"text":"hi"}]"#,
        r#"[null,"1","room:7","say",{"text":"hi"}]"#,
    ] {
        assert!(replies(text).is_empty(), "{text}");
    }
}

#[test]
fn what_is_no_message_is_refused_at_its_place() {
    for (text, reason, place) in [
        ("nonsense", "expected ident", (1, 2)),
        ("{}", "invalid type: map, expected an array of at most 5", (1, 0)),
        (r#"["1","1","room:7","say"]"#, "a message is an array of five", (1, 1)),
        (r#"["1","1","room:7","say",{},7]"#, "invalid length 6, expected an array of at most 5", (1, 29)),
        ("[\"1\",\n\"1\",7,\"say\",{}]", "topic and event are strings", (2, 5)),
        ("[\"1\",\n\"1\",\"room:7\",7,{}]", "topic and event are strings", (2, 14)),
        (r#"["1",null,"room:7","phx_reply",{"status":"ok"}]"#, "a reply without a ref", (1, 32)),
        (r#"["1","1","room:7","phx_reply",[]]"#, "a reply that is no object", (1, 31)),
    ] {
        let (code, found_reason, found) = none_of_ours::<Phoenix>(text);
        assert_eq!((&*code, &*found_reason, found), (Fault::MALFORMED, reason, place), "{text}");
    }
    assert_eq!(refusal::<Phoenix>(r#"["1","2","room:7",7,{}]"#).1, Some(Ref::Raw(r#""1","2""#.into())));
}
