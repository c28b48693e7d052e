//! What the properties of the codec and of the envelopes are tried on.

use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::codec::key::is_reserved;
use crate::protocol::codec::samples::{
    Borrowing, Extended, Game, Move, Opaque, Pong, Say, Scores, Square, Strict, Wide,
};
use crate::protocol::message::Ref;

fn square() -> impl Strategy<Value = Square> {
    any::<(u8, u8)>().prop_map(|(x, y)| Square { x, y })
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(any::<String>(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub(crate) fn message() -> impl Strategy<Value = Game> {
    prop_oneof![
        Just(Game::Leave),
        Just(Game::Pong(Pong)),
        (square(), square(), option::of(any::<String>())).prop_map(|(from, to, note)| Game::Move(Move {
            from,
            to,
            note
        })),
        any::<String>().prop_map(|text| Game::Say(Say { text })),
        any::<u8>().prop_map(|level| Game::Strict(Strict { level })),
        hash_map(any::<u32>(), any::<i64>(), 0..5).prop_map(|scores| Game::Scores(Scores(scores))),
        any::<i128>().prop_map(|number| Game::Wide(Wide { number })),
        "[a-zé ]{0,20}".prop_map(|name| Game::Borrowing(Borrowing { name: name.into() })),
        (json(), any::<u8>()).prop_map(|(data, count)| {
            Game::Opaque(Opaque { data: RawValue::from_string(data.to_string()).unwrap(), count })
        }),
        (any::<u32>(), hash_map("[a-z]{1,8}", json(), 0..4)).prop_map(|(id, rest)| {
            let rest = rest.into_iter().filter(|(key, _)| key != "id" && !is_reserved::<false>(key)).collect();
            Game::Extended(Extended { id, rest })
        }),
    ]
}

pub(crate) fn reference() -> impl Strategy<Value = Option<Ref>> {
    option::of(prop_oneof![any::<i64>().prop_map(Ref::Number), ".{0,16}".prop_map(|text| Ref::Text(text.into())),])
}
