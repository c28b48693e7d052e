use serde::Deserialize;
use serde::de::Deserializer;
use serde::ser::Serializer;

use super::everywhere;
use crate::private::{decode_unit, encode_unit};
use crate::protocol::codec::samples::Game;
use crate::protocol::codec::{DecodeError, MessageId, decode, decode_at, decode_only_carefully};
use crate::protocol::describe::MessageShape;
use crate::protocol::message::Messages;

/// A bid may be said again, a pass not.
#[derive(Debug, PartialEq)]
enum Auction {
    Bid { amount: u32 },
    Pass,
}

impl Messages for Auction {
    const TYPES: &'static [&'static str] = &["bid", "pass"];
    const SHAPES: &'static [MessageShape] =
        &[MessageShape { idempotent: true, ..MessageShape::unit("bid", "") }, MessageShape::unit("pass", "")];

    fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            amount: u32,
        }
        match index {
            0 => Fields::deserialize(fields).map(|Fields { amount }| Self::Bid { amount }),
            _ => decode_unit(fields).map(|()| Self::Pass),
        }
    }

    fn index(&self) -> usize {
        usize::from(*self == Self::Pass)
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode_unit(serializer)
    }
}

fn id(text: &str) -> Option<MessageId> {
    decode::<Auction>(text).id
}

#[test]
fn an_id_is_found_wherever_it_stands() {
    let c7 = Some(MessageId::of("c-7"));
    for text in everywhere("bid", &[r#""ref":1"#, r#""$id":"c-7""#, r#""amount":5"#]) {
        for decoded in [decode::<Auction>(&text), decode_at(&text, 0), decode_only_carefully(&text)] {
            assert_eq!((decoded.id, decoded.reference), (c7.clone(), Some(1.into())), "{text}");
            assert_eq!(decoded.message, Ok(Auction::Bid { amount: 5 }));
        }
    }
    // Of an invalid message, too.
    assert_eq!(id(r#"{"type":"bid","$id":"c-7","amount":"five"}"#), c7);
    assert_eq!(id(r#"{"type":"pass","$id":"c-7"}"#), c7);
    assert_eq!(id(r#"{"\u0024id":"c-7","type":"pass"}"#), c7);
    assert_eq!(id(r#"{"type":"pass","$id":null}"#), None);
    assert_eq!(id(r#"{"type":"pass","deep":{"$id":"c-7"}}"#), None);
}

#[test]
fn an_id_is_a_text_of_1_to_64_bytes() {
    let with = |id: &str| decode::<Auction>(&format!(r#"{{"type":"pass","ref":7,"$id":{id}}}"#));
    let longest = "é".repeat(32);
    assert_eq!(with(&format!("{longest:?}")).id, Some(MessageId::of(&longest)));
    let too_long = format!("{:?}", "é".repeat(32) + "e");
    for bad in [&too_long, r#""""#, "7", "1e400", "true", "[]", r#"{"a":1}"#] {
        let decoded = with(bad);
        let Err(DecodeError::Malformed { reason, .. }) = decoded.message else {
            panic!("{bad}: {:?}", decoded.message)
        };
        assert!(bad == "1e400" || reason.contains("as `$id` a string of 1 to 64 bytes"), "{reason}");
        assert_eq!((decoded.reference, decoded.id), (Some(7.into()), None), "{bad}");
    }
    let twice = decode::<Auction>(r#"{"type":"pass","$id":"a","$id":"b"}"#).message;
    assert!(matches!(&twice, Err(DecodeError::Malformed { reason, .. }) if reason == "a second `$id`"), "{twice:?}");
}

#[test]
fn where_no_message_may_be_said_again_an_id_is_any_extension() {
    for value in [r#""c-7""#, "7", r#""""#] {
        let decoded = decode::<Game>(&format!(r#"{{"type":"pong","$id":{value}}}"#));
        assert!(decoded.message.is_ok() && decoded.id.is_none(), "{value}");
    }
}
