use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::protocol::codec::samples::{Borrowing, Extended, Game, Opaque, Pong, Say, Scores, Wide, a_move};
use crate::protocol::codec::{EncodeError, Head, encode, encode_fault, encode_one_of, encode_success};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Message, Ref};

#[track_caller]
fn appended(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = b"before".to_vec();
    write(&mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[track_caller]
fn written<M: Message>(message: &M, head: Head<'_>) -> String {
    appended(|out| encode(message, head, out).unwrap())
}

#[track_caller]
fn refusal<M: Message>(message: &M) -> EncodeError {
    let mut out = b"before".to_vec();
    let error = encode(message, Head::default(), &mut out).unwrap_err();
    assert_eq!(out, b"before");
    error
}

macro_rules! a_message {
    ($($name:ident($payload:ty));* $(;)?) => {$(
        #[derive(Serialize, serde::Deserialize)]
        struct $name($payload);

        impl Message for $name {
            const TYPE: &'static str = "sample";
        }
    )*};
}

#[test]
fn the_type_is_first_the_ref_second_the_room_third() {
    let say = Say { text: "hi".into() };
    let text = Ref::Text("a\"7".into());
    assert_eq!(written(&say, Head::default()), r#"{"type":"say","text":"hi"}"#);
    assert_eq!(
        written(&say, Head { reference: Some(&text), room: Some("/market/ACME") }),
        r#"{"type":"say","ref":"a\"7","$room":"/market/ACME","text":"hi"}"#
    );
    assert_eq!(
        written(&say, Head { reference: Some(&Ref::Number(-7)), room: None }),
        r#"{"type":"say","ref":-7,"text":"hi"}"#
    );
    assert_eq!(written(&say, Head { reference: None, room: Some("r") }), r#"{"type":"say","$room":"r","text":"hi"}"#);
}

#[test]
fn a_set_writes_what_its_message_writes() {
    let game = Game::Say(Say { text: "hi".into() });
    let reference = Ref::Number(7);
    let head = Head { reference: Some(&reference), room: None };
    assert_eq!(appended(|out| encode_one_of(&game, head, out).unwrap()), r#"{"type":"say","ref":7,"text":"hi"}"#);
    assert_eq!(appended(|out| encode_one_of(&Game::Leave, head, out).unwrap()), r#"{"type":"leave_game","ref":7}"#);
}

#[test]
fn a_set_serializes_in_any_format_with_its_type_first() {
    assert_eq!(
        serde_json::to_string(&a_move()).unwrap(),
        r#"{"type":"move","from":{"x":4,"y":1},"to":{"x":4,"y":3},"note":null}"#
    );
    assert_eq!(serde_json::to_value(&Game::Leave).unwrap(), json!({ "type": "leave_game" }));
    let pretty = serde_json::to_string_pretty(&Game::Say(Say { text: "hi".into() })).unwrap();
    assert_eq!(pretty, "{\n  \"type\": \"say\",\n  \"text\": \"hi\"\n}");
}

#[test]
fn a_set_deserializes_from_any_format() {
    for message in [a_move(), Game::Leave, Game::Pong(Pong), Game::Say(Say { text: "hi".into() })] {
        // The keys of a `Value` are sorted, so most fields are before the type.
        let value = serde_json::to_value(&message).unwrap();
        assert_eq!(serde_json::from_value::<Game>(value).unwrap(), message);
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Game>(&text).unwrap(), message);
    }
    let scores = Game::Scores(Scores(HashMap::from([(1, 2)])));
    assert_eq!(serde_json::from_str::<Game>(r#"{"1":2,"ref":5,"$x":0,"type":"scores"}"#).unwrap(), scores);
    for (text, error) in [
        (r#"{"text":"a"}"#, "missing field `type` at line 1 column 12"),
        (r#"{"type":"jump"}"#, r#"unknown message type "jump" at line 1 column 15"#),
        (r#"{"text":"a","type":"say","type":"say"}"#, "a second `type` at line 1 column 31"),
        (r#"["say"]"#, "invalid type: sequence, expected an object at line 1 column 0"),
    ] {
        assert_eq!(serde_json::from_str::<Game>(text).unwrap_err().to_string(), error);
    }
}

#[test]
fn a_set_that_deserializes_holds_what_comes_before_its_type_as_values() {
    let read = |text: &str| serde_json::from_str::<Game>(text).map_err(|error| error.to_string());
    // Which numbers and keys a `Value` keeps depends on serde_json's features.
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();

    for number in [i128::MIN, i64::MIN.into(), u64::MAX.into(), i128::MAX] {
        let wide = Game::Wide(Wide { number });
        assert_eq!(read(&format!(r#"{{"type":"wide","number":{number}}}"#)).as_ref(), Ok(&wide));
        let held = serde_json::from_value::<i128>(value(&number.to_string())).ok();
        assert_eq!(read(&format!(r#"{{"number":{number},"type":"wide"}}"#)).ok(), held.map(|_| wide));
    }

    let raw = r#"{ "b":1.50,"a":[]}"#;
    let opaque = |json: &str| Ok(Game::Opaque(Opaque { data: RawValue::from_string(json.into()).unwrap(), count: 2 }));
    assert_eq!(read(&format!(r#"{{"type":"opaque","data":{raw},"count":2}}"#)), opaque(raw));
    assert_eq!(read(&format!(r#"{{"data":{raw},"type":"opaque","count":2}}"#)), opaque(&value(raw).to_string()));

    let error = read(r#"{"type":"move","from":{"x":4,"x":4,"y":1},"to":{"x":4,"y":3}}"#).unwrap_err();
    assert_eq!(error, "duplicate field `x` at line 1 column 32");
    assert_eq!(read(r#"{"from":{"x":9,"x":4,"y":1},"to":{"x":4,"y":3},"type":"move"}"#), Ok(a_move()));
    assert_eq!(read(r#"{"type":"borrowing","name":"Ada"}"#), Ok(Game::Borrowing(Borrowing { name: "Ada".into() })));
    assert!(read(r#"{"name":"Ada","type":"borrowing"}"#).unwrap_err().contains("expected a borrowed string"));
}

#[test]
fn a_payload_without_fields_is_an_object() {
    assert_eq!(written(&Pong, Head::default()), r#"{"type":"pong"}"#);
    assert_eq!(written(&Pong, Head { reference: Some(&Ref::Number(1)), room: None }), r#"{"type":"pong","ref":1}"#);
    assert_eq!(written(&Scores(HashMap::new()), Head::default()), r#"{"type":"scores"}"#);
}

#[test]
fn maps_and_flattened_fields_are_written() {
    assert_eq!(written(&Scores(HashMap::from([(3, -1)])), Head::default()), r#"{"type":"scores","3":-1}"#);
    let rest = BTreeMap::from([("a".to_owned(), json!(1)), ("typed".to_owned(), json!([]))]);
    assert_eq!(written(&Extended { id: 5, rest }, Head::default()), r#"{"type":"extended","id":5,"a":1,"typed":[]}"#);
}

#[test]
fn reserved_keys_are_refused_wherever_they_come_from() {
    for reserved in ["type", "ref", "$", "$room", "$anything"] {
        let rest = BTreeMap::from([("a".to_owned(), json!(1)), (reserved.to_owned(), json!(1))]);
        let error = refusal(&Extended { id: 5, rest });
        assert!(matches!(&error, EncodeError::ReservedKey { kind: "extended", key } if key == reserved), "{error}");
    }

    #[derive(Serialize, serde::Deserialize)]
    struct Renamed {
        #[serde(rename = "ref")]
        reference: u8,
    }
    impl Message for Renamed {
        const TYPE: &'static str = "renamed";
    }
    assert_eq!(
        refusal(&Renamed { reference: 1 }).to_string(),
        r#"the payload of a message of type "renamed" has the reserved key "ref""#
    );

    #[derive(PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
    enum Kind {
        #[serde(rename = "type")]
        Type,
    }
    #[derive(PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
    struct Newtype(String);
    a_message! { ByChar(HashMap<char, u8>); ByKind(HashMap<Kind, u8>); ByNewtype(HashMap<Newtype, u8>) }
    assert!(matches!(refusal(&ByChar([('$', 1)].into())), EncodeError::ReservedKey { .. }));
    assert!(matches!(refusal(&ByKind([(Kind::Type, 1)].into())), EncodeError::ReservedKey { .. }));
    assert!(matches!(refusal(&ByNewtype([(Newtype("ref".into()), 1)].into())), EncodeError::ReservedKey { .. }));
    assert_eq!(written(&ByChar([('t', 1)].into()), Head::default()), r#"{"type":"sample","t":1}"#);
}

#[test]
fn what_is_no_object_is_refused() {
    #[derive(Serialize, serde::Deserialize)]
    enum Choice {
        Plain,
        One(u8),
        Two(u8, u8),
        Named { a: u8 },
    }
    a_message! { Number(u8); Text(String); List(Vec<u8>); Pair((u8, u8)); Maybe(Option<Say>); Chosen(Choice) }
    let found = |error: EncodeError| match error {
        EncodeError::NotAnObject { kind: "sample", found } => found,
        other => panic!("{other}"),
    };
    assert_eq!(found(refusal(&Number(1))), "a number");
    assert_eq!(found(refusal(&Text("a".into()))), "a string");
    assert_eq!(found(refusal(&List(vec![]))), "an array");
    assert_eq!(found(refusal(&Pair((1, 2)))), "an array");
    assert_eq!(found(refusal(&Maybe(None))), "null");
    for choice in [Choice::Plain, Choice::One(1), Choice::Two(1, 2), Choice::Named { a: 1 }] {
        assert_eq!(found(refusal(&Chosen(choice))), "an enum");
    }
    assert_eq!(
        refusal(&Number(1)).to_string(),
        r#"the payload of a message of type "sample" is a number, not an object"#
    );
    assert_eq!(written(&Maybe(Some(Say { text: "a".into() })), Head::default()), r#"{"type":"sample","text":"a"}"#);
}

#[test]
fn a_failing_serialize_leaves_nothing_behind() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    #[derive(Serialize, serde::Deserialize)]
    struct Half {
        first: String,
        #[serde(skip_deserializing)]
        second: Option<Failing>,
    }
    impl Message for Half {
        const TYPE: &'static str = "half";
    }
    let error = refusal(&Half { first: "a".into(), second: Some(Failing) });
    assert!(matches!(error, EncodeError::Payload { kind: "half", .. }));
    assert_eq!(error.to_string(), r#"a message of type "half" can't be written: no"#);

    let mut out = b"before".to_vec();
    encode_success(Some((&Failing, "now")), Head::default(), &mut out).unwrap_err();
    assert_eq!(out, b"before");
}

#[test]
fn a_success_has_data_and_a_timestamp_or_neither() {
    let reference = Ref::Text("7".into());
    let head = Head { reference: Some(&reference), room: None };
    let none = None::<(&u8, &str)>;
    assert_eq!(appended(|out| encode_success(none, head, out).unwrap()), r#"{"type":"success","ref":"7"}"#);
    let now = "2026-11-23T05:49:36Z";
    assert_eq!(
        appended(|out| encode_success(Some((&[1, 2][..], now)), head, out).unwrap()),
        r#"{"type":"success","ref":"7","data":[1,2],"timestamp":"2026-11-23T05:49:36Z"}"#
    );
}

#[test]
fn an_error_has_details_where_there_are_any() {
    let now = "2026-11-23T05:49:36Z";
    let full = Fault::new("game.full", "Game is \"full\"");
    assert_eq!(
        appended(|out| encode_fault(&full, now, Head::default(), out)),
        r#"{"type":"error","code":"game.full","message":"Game is \"full\"","timestamp":"2026-11-23T05:49:36Z"}"#
    );
    let reference = Ref::Number(7);
    let head = Head { reference: Some(&reference), room: None };
    let full = full.with_details(json!({ "seats": 2 }));
    assert_eq!(
        appended(|out| encode_fault(&full, now, head, out)),
        r#"{"type":"error","ref":7,"code":"game.full","message":"Game is \"full\"","timestamp":"2026-11-23T05:49:36Z","details":{"seats":2}}"#
    );
}
