//! Messages of every shape that a payload can have, for tests.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::private::{decode_unit, encode_unit};
use crate::protocol::envelope::Flat;
use crate::protocol::halves::Protocol;
use crate::protocol::message::{Message, Messages};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) from: Square,
    pub(crate) to: Square,
    #[serde(default)]
    pub(crate) note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Square {
    pub(crate) x: u8,
    pub(crate) y: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Say {
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strict {
    pub(crate) level: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores(pub(crate) HashMap<u32, i64>);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opaque {
    pub(crate) data: Box<RawValue>,
    pub(crate) count: u8,
}

impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        self.data.get() == other.data.get() && self.count == other.count
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wide {
    pub(crate) number: i128,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pong;

/// Reads its name as borrowed text, which works only for a field that is neither buffered nor escaped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Borrowing {
    #[serde(deserialize_with = "borrowed")]
    pub(crate) name: Cow<'static, str>,
}

fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    <&'de str>::deserialize(deserializer).map(|name| Cow::Owned(name.to_owned()))
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extended {
    pub(crate) id: u32,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

macro_rules! messages {
    ($set:ident: $($message:ident $wire:literal),*; $unit:ident $unit_wire:literal) => {
        $(impl Message for $message {
            const TYPE: &'static str = $wire;
        })*

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum $set {
            $unit,
            $($message($message)),*
        }

        impl Messages for $set {
            const TYPES: &'static [&'static str] = &[$unit_wire, $($wire),*];

            fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error> {
                match Self::TYPES[index] {
                    $($wire => $message::deserialize(fields).map(Self::$message),)*
                    _ => decode_unit(fields).map(|()| Self::$unit),
                }
            }

            fn index(&self) -> usize {
                let wire = match self {
                    Self::$unit => $unit_wire,
                    $(Self::$message(_) => $wire),*
                };
                Self::TYPES.iter().position(|known| *known == wire).unwrap()
            }

            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::$unit => encode_unit(serializer),
                    $(Self::$message(message) => message.serialize(serializer)),*
                }
            }
        }

        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::private::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::private::deserialize(deserializer)
            }
        }
    };
}

messages! {
    Game: Move "move", Say "say", Strict "strict", Scores "scores", Opaque "opaque", Wide "wide", Pong "pong",
        Borrowing "borrowing", Extended "extended"; Leave "leave_game"
}

#[derive(Debug)]
pub(crate) struct GameChannel;

impl Protocol for GameChannel {
    type FromClient = Game;
    type ToClient = Game;
    type Envelope = Flat;
}

#[cfg(test)]
pub(crate) fn a_move() -> Game {
    Game::Move(Move { from: Square { x: 4, y: 1 }, to: Square { x: 4, y: 3 }, note: None })
}

pub(crate) struct Entries(pub(crate) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReadEntries;

        impl<'de> Visitor<'de> for ReadEntries {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(ReadEntries)
    }
}
