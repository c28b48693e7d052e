//! The JSON codec. No text makes it panic, overflow the stack, or return a message that the text does not contain.
//!
//! `decode` chooses how many passes a text needs: mostly one, in which `entries` takes the object apart. `incoming_head` separates
//! the protocol's keys (`type`, `ref`, `$..`) from the payload's fields. `BARE` is for objects of which `type` alone is the
//! protocol's. Nothing is buffered, so that line and column, integer keys, `RawValue` and `i128` stay exact.

mod binary;
mod bytes_only;
mod decode;
mod depth;
mod encode;
mod entries;
mod error;
mod finite;
mod head;
mod incoming_head;
mod key;
mod key_guard;
mod kinds;
mod message_id;
mod numbers;
mod object;
#[cfg(any(feature = "server", test))]
mod outcome;
mod pass_on;
mod payload;
mod plain_string;
mod received;
#[cfg(any(test, fuzzing))]
pub(crate) mod samples;
mod serde_impls;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use binary::decode_binary;
#[cfg(feature = "server")]
pub(crate) use binary::encode_binary;
pub use binary::{binary_kind, encode_binary_one_of, from_byte_fields, to_byte_fields};
pub(crate) use decode::decode_bare;
#[cfg(any(test, fuzzing))]
pub(crate) use decode::decode_only_carefully;
pub use decode::{Decoded, decode};
#[cfg(any(feature = "server", test))]
pub(crate) use decode::{decode_at, index};
#[cfg(any(feature = "server", test))]
pub(crate) use decode::{decode_bare_at, index_bare};
#[cfg(feature = "server")]
pub(crate) use decode::{reference, reference_of, unknown_kind};
pub(crate) use depth::position;
#[cfg(any(feature = "server", test))]
pub(crate) use encode::encode_bare;
pub(crate) use encode::encode_bare_one_of;
pub use encode::encode_one_of;
#[cfg(any(feature = "server", test))]
pub(crate) use encode::{encode, type_len};
pub use error::{DecodeError, EncodeError, InvalidField};
pub(crate) use error::{cut, reason};
pub(crate) use finite::InFinite;
pub use head::Head;
pub(crate) use kinds::index_of_kind;
#[cfg(feature = "server")]
pub(crate) use kinds::{has_binary, has_idempotent};
#[cfg(any(feature = "server", test))]
pub(crate) use message_id::MessageId;
pub(crate) use numbers::whole;
#[cfg(any(feature = "server", test))]
pub(crate) use outcome::{encode_fault, encode_success};
pub(crate) use payload::{before, read_payload, read_value, write_payload_of};
#[cfg(feature = "server")]
pub(crate) use payload::{index_of_type, write_payload, write_value};
pub(crate) use received::receive;
pub use received::{ReceivedBody, ReceivedText};
pub use serde_impls::{deserialize, serialize};
