use serde_json::{Value, json};

use crate::protocol::codec::samples::{Game, GameChannel, Pong, Say, a_move};
use crate::protocol::codec::{DecodeError, Head, ReceivedBody, encode_fault, encode_one_of, encode_success};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::protocol::received::Received;

#[track_caller]
fn receive(text: &str) -> Received<GameChannel> {
    Received::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

#[test]
fn a_client_reads_every_frame_that_a_server_writes() {
    let reference = Ref::Text("7".into());
    let head = Head { reference: Some(&reference), room: Some("/market/ACME") };
    let now = "2026-11-23T05:49:36Z";
    let fault = Fault::new("game.full", "Game is full").with_details(json!({ "seats": [1, 2] }));
    let mut frames = [(); 4].map(|()| Vec::new());
    encode_one_of(&a_move(), head, &mut frames[0]).unwrap();
    encode_success(Some((&json!({ "a": 1 }), now)), head, &mut frames[1]).unwrap();
    encode_success(None::<(&(), &str)>, head, &mut frames[2]).unwrap();
    encode_fault(&fault, now, head, &mut frames[3]);

    let bodies = [
        ReceivedBody::Message(a_move()),
        ReceivedBody::Success(json!({ "a": 1 })),
        ReceivedBody::Success(Value::Null),
        ReceivedBody::Error { fault, timestamp: now.into() },
    ];
    for (frame, body) in frames.into_iter().zip(bodies) {
        let received = receive(&text(frame));
        assert_eq!(received.body, body);
        assert_eq!(received.reference, Some(reference.clone()));
        assert_eq!(received.room.as_deref(), Some("/market/ACME"));
    }
}

#[test]
fn a_room_and_a_ref_are_read_wherever_they_stand() {
    for text in [
        r#"{"$room":"r","ref":7,"type":"say","text":"a"}"#,
        r#"{"type":"say","text":"a","ref":7,"$room":"r"}"#,
        r#"{"text":"a","$room":"r","type":"say","ref":7}"#,
        r#"{"text":"a","$room":"r","ref":7,"type":"say"}"#,
    ] {
        let received = receive(text);
        assert_eq!((received.reference, received.room.as_deref()), (Some(Ref::Number(7)), Some("r")), "{text}");
        assert_eq!(received.body, ReceivedBody::Message(Game::Say(Say { text: "a".into() })), "{text}");
    }
}

#[test]
fn unknown_dollar_keys_are_passed_over() {
    let received = receive(r#"{"type":"pong","$seq":12,"$epoch":{"a":[]},"$":null}"#);
    assert_eq!(received.body, ReceivedBody::Message(Game::Pong(Pong)));
    assert!(matches!(receive(r#"{"$seq":1,"type":"success"}"#).body, ReceivedBody::Success(Value::Null)));
}

#[test]
fn an_unknown_type_is_handed_on_as_it_came() {
    let text = r#"{"type":"jump","ref":7,"height":2}"#;
    let received = receive(text);
    assert_eq!(received.reference, Some(Ref::Number(7)));
    assert_eq!(received.body, ReceivedBody::Unknown { kind: "jump".into(), text: text.into() });
}

#[test]
fn frames_whose_fields_dont_fit_are_refused() {
    let refusal = |text: &str| Received::<GameChannel>::from_text(text).unwrap_err();
    assert!(matches!(refusal(r#"{"type":"say"}"#), DecodeError::InvalidPayload { kind, .. } if kind == "say"));
    let error = refusal(r#"{"type":"error","code":5}"#);
    assert!(matches!(error, DecodeError::InvalidPayload { kind, path, .. } if kind == "error" && path == "code"));
    assert!(matches!(refusal(r#"{"type":"pong","$room":5}"#), DecodeError::Malformed { .. }));
    assert!(matches!(refusal("[]"), DecodeError::Malformed { .. }));
}

#[test]
fn what_is_received_can_be_shown() {
    let shown = format!("{:?}", receive(r#"{"type":"pong","ref":7}"#));
    assert_eq!(shown, "Received { reference: Some(Number(7)), room: None, body: Message(Pong(Pong)) }");
}
