//! Between JSON text and messages, in both directions. No text makes it panic, overflow the stack, or answer with a
//! message it does not hold.
//!
//! `envelope` reads one object in one streaming pass and keeps what belongs to the protocol (`type`, `ref`, `$..`) from
//! the payload's own `Deserialize`, which gets the other fields as they come: nothing is buffered, so line and column,
//! integer keys, `RawValue` and `i128` stay what they are. `decode` decides how many passes a text needs, and most need
//! but one, for which `entries` takes the object apart; `received` is the client's side of it. `object` is the way back:
//! a serializer that opens each object with its type, and `encode` and `outcome` are the frames made with it. `numbers` and
//! `finite` see to the numbers on both ways.

mod decode;
mod depth;
mod encode;
mod entries;
mod envelope;
mod error;
mod finite;
mod head;
mod key;
mod key_guard;
mod numbers;
mod object;
#[cfg(any(feature = "server", test))]
mod outcome;
mod pass_on;
mod plain_string;
mod received;
#[cfg(any(test, fuzzing))]
pub(crate) mod samples;
mod serde_impls;
#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
pub(crate) use decode::decode_only_carefully;
pub use decode::{Decoded, decode};
#[cfg(any(feature = "server", test))]
pub(crate) use decode::{index, reference};
#[cfg(any(feature = "server", test))]
pub(crate) use encode::encode;
pub use encode::encode_one_of;
pub use error::{DecodeError, EncodeError, InvalidField};
pub(crate) use finite::InFinite;
pub use head::Head;
pub(crate) use numbers::whole;
#[cfg(any(feature = "server", test))]
pub(crate) use outcome::{encode_fault, encode_success};
pub use received::{Received, ReceivedBody};
pub use serde_impls::{deserialize, serialize};
