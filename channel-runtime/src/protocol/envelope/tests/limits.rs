//! What is too much, in any envelope: nesting, also where nobody reads it, and numbers that JSON can't say.

use serde::{Deserialize, Serialize};

use super::{TOPIC, appended, decode};
use crate::protocol::codec::samples::Game;
use crate::protocol::codec::{DecodeError, EncodeError, Head, ReceivedBody};
use crate::protocol::envelope::{Bare, Envelope, Flat, JsonRpc, Phoenix};
use crate::protocol::message::{Message, Ref};
use crate::testing::fuzz::envelopes::Calls;

/// A message of this type with this payload, which is an object.
type Wrap = fn(&str, &str) -> String;

const JSON_RPC: Wrap = |kind, payload| format!(r#"{{"jsonrpc":"2.0","method":"{kind}","params":{payload},"id":1}}"#);
const PHOENIX: Wrap = |kind, payload| format!(r#"["1","1","room:7","{kind}",{payload}]"#);
const CALLS: Wrap = |kind, payload| format!(r#"[2,"1","{kind}",{payload}]"#);
const BESIDE: Wrap = |kind, payload| format!(r#"{{"type":"{kind}",{}"#, &payload[1..]);

fn a_bomb_is_refused<E: Envelope>(wrap: Wrap) {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let levels = if E::IS_FLAT || E::NAME == Bare::NAME { 1 } else { 2 };
    for (kind, field) in
        [("opaque", r#"{"count":1,"data":"#), ("leave_game", r#"{"unread":"#), ("say", r#"{"text":"","unread":"#)]
    {
        let of = |depth| decode::<E>(&wrap(kind, &format!("{field}{}}}", nested(depth)))).message;
        assert!(of(127 - levels).is_ok(), "{}: {:?}", E::NAME, of(127 - levels));
        for depth in [128 - levels, 30_000] {
            let found = of(depth);
            let reason = match &found {
                Err(DecodeError::Malformed { reason, .. }) if levels == 1 => reason,
                // The frame around it was read.
                Err(DecodeError::InvalidPayload { reason, .. }) if levels == 2 => reason,
                _ => panic!("{}: {found:?}", E::NAME),
            };
            assert_eq!(reason, "nested too deep", "{}", E::NAME);
        }
    }
}

#[test]
fn a_bomb_is_refused_where_it_is_read_and_where_it_is_skipped() {
    a_bomb_is_refused::<Flat>(BESIDE);
    a_bomb_is_refused::<Bare>(BESIDE);
    a_bomb_is_refused::<JsonRpc>(JSON_RPC);
    a_bomb_is_refused::<Phoenix>(PHOENIX);
    a_bomb_is_refused::<Calls>(CALLS);
    // Outside of the payload too.
    let bomb = "[".repeat(30_000) + &"]".repeat(30_000);
    for text in [
        format!(r#"{{"jsonrpc":"2.0","method":"leave_game","more":{bomb}}}"#),
        format!(r#"{{"jsonrpc":"2.0","method":"leave_game","id":{bomb}}}"#),
        format!(r#"{{"jsonrpc":"2.0","error":{{"data":{bomb}}},"id":1}}"#),
        bomb.clone(),
        "[{\"a\":".repeat(10_000),
    ] {
        assert!(decode::<JsonRpc>(&text).message.is_err());
        assert!(decode::<Phoenix>(&text).message.is_err());
        assert!(decode::<Bare>(&text).message.is_err());
        assert!(decode::<Calls>(&text).message.is_err());
    }
}

fn numbers_fit_their_fields<E: Envelope>(wrap: Wrap) {
    let level = |number: &str| decode::<E>(&wrap("strict", &format!(r#"{{"level":{number}}}"#))).message;
    for number in ["7", "7.0", "70e-1"] {
        assert_eq!(level(number), level("7"), "{}", E::NAME);
        assert!(matches!(level(number), Ok(Game::Strict(_))));
    }
    for number in ["256", "-1", "7.5", "1e999", "NaN", "\"7\""] {
        assert!(level(number).is_err(), "{}: {number}", E::NAME);
    }
}

#[test]
fn a_number_that_does_not_fit_its_field_is_refused_and_a_whole_one_is_read() {
    numbers_fit_their_fields::<Flat>(BESIDE);
    numbers_fit_their_fields::<Bare>(BESIDE);
    numbers_fit_their_fields::<JsonRpc>(JSON_RPC);
    numbers_fit_their_fields::<Phoenix>(PHOENIX);
    numbers_fit_their_fields::<Calls>(CALLS);
}

#[derive(Serialize, Deserialize)]
struct Measured {
    values: Vec<Option<f64>>,
}

impl Message for Measured {
    const TYPE: &'static str = "measured";
}

fn a_number_is_finite<E: Envelope>() {
    let reference = Ref::Number(1);
    let head = |reference| Head { reference, room: E::PLACES.has_topics().then_some(TOPIC) };
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let measured = Measured { values: vec![Some(1.0), Some(number)] };
        let refused = [
            appended(|out| E::ask(&measured, head(Some(&reference)), out)),
            appended(|out| E::encode(&measured, head(Some(&reference)), out)),
            appended(|out| E::success(Some((&measured, "now")), head(Some(&reference)), out)),
            appended(|out| E::success(Some((&number, "now")), head(Some(&reference)), out)),
        ];
        for (place, refused) in refused.into_iter().enumerate() {
            match refused {
                Err(EncodeError::Payload { .. }) => {}
                Err(EncodeError::NoPlace { .. }) => assert!(!E::PLACES.has_answers() && place > 1),
                other => panic!("{}: {other:?}", E::NAME),
            }
        }
    }
    let measured = Measured { values: vec![None] };
    assert!(appended(|out| E::ask(&measured, head(Some(&reference)), out)).unwrap().contains("[null]"));
}

#[test]
fn a_number_that_json_can_not_say_is_not_sent() {
    a_number_is_finite::<Flat>();
    a_number_is_finite::<Bare>();
    a_number_is_finite::<JsonRpc>();
    a_number_is_finite::<Phoenix>();
    a_number_is_finite::<Calls>();
}

fn a_large_number_is_received<E: Envelope>() {
    let reference = if E::PLACES.has_topics() { Ref::Raw(r#""1","2""#.into()) } else { Ref::Number(1) };
    let head = Head { reference: Some(&reference), room: E::PLACES.has_topics().then_some(TOPIC) };
    let answer = appended(|out| E::success(Some((&[1e39], "now")), head, out)).unwrap();
    let ReceivedBody::Success(data) = E::receive::<Game>(&answer).unwrap().body else { panic!("{answer}") };
    assert!(data[0].as_f64().is_some_and(|number| number > 9e38), "{answer}");
}

#[test]
fn a_number_that_is_too_large_for_32_bits_is_received_as_data() {
    a_large_number_is_received::<Flat>();
    a_large_number_is_received::<JsonRpc>();
    a_large_number_is_received::<Phoenix>();
    a_large_number_is_received::<Calls>();
}
