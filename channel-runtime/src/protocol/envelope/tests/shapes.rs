//! Payloads that are no plain objects.

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{TOPIC, appended};
use crate::protocol::codec::Head;
use crate::protocol::envelope::{Bare, Envelope, Flat, JsonRpc, Phoenix};
use crate::protocol::message::{Messages, Ref};
use crate::testing::fuzz::envelopes::Calls;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Nothing);

#[derive(Debug, Serialize, Deserialize)]
struct Raw(Box<RawValue>);

macro_rules! only {
    ($($message:ident),*) => {$(
        impl Messages for $message {
            const TYPES: &'static [&'static str] = &["only"];

            fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
                Self::deserialize(fields)
            }

            fn index(&self) -> usize {
                0
            }

            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )*};
}

only!(Wrapped, Raw);

fn survives<E: Envelope, T: Messages>(message: &T) -> T {
    let topic = E::PLACES.has_topics().then_some(TOPIC);
    let head = Head { reference: Some(&Ref::Number(1)), room: topic };
    let text = appended(|out| E::ask_one_of(message, head, out)).unwrap();
    E::decode::<T>(&text, topic).message.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_newtype_is_what_it_holds() {
    assert_eq!(survives::<Flat, _>(&Wrapped(Nothing)), Wrapped(Nothing));
    assert_eq!(survives::<Bare, _>(&Wrapped(Nothing)), Wrapped(Nothing));
    assert_eq!(survives::<JsonRpc, _>(&Wrapped(Nothing)), Wrapped(Nothing));
    assert_eq!(survives::<Phoenix, _>(&Wrapped(Nothing)), Wrapped(Nothing));
    assert_eq!(survives::<Calls, _>(&Wrapped(Nothing)), Wrapped(Nothing));
    let raw = Raw(RawValue::from_string("{\"a\": [1.0, 1e400]}".to_owned()).unwrap());
    assert_eq!(survives::<JsonRpc, _>(&raw).0.get(), raw.0.get());
    assert_eq!(survives::<Phoenix, _>(&raw).0.get(), raw.0.get());
}
