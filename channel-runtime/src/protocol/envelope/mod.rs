//! Envelopes: how a channel's messages stand in a text, what is around the payload and where.
//!
//! `definition` is the trait, which reads a text with `incoming` and writes one with `outgoing`; `parts` takes JSON apart into slices
//! of its text. `framed` does with `read` and `write` what the codec does for `flat`, the framework's own envelope, and for `bare`.

mod bare;
mod definition;
#[cfg(feature = "server")]
mod erased;
mod flat;
mod framed;
mod incoming;
mod json_rpc;
mod outgoing;
mod parts;
mod phoenix;
mod places;
#[cfg(all(test, feature = "server"))]
mod tests;

pub use self::bare::Bare;
pub use self::definition::Envelope;
#[cfg(feature = "server")]
pub(crate) use self::erased::{ErasedEnvelope, ReceivedAnswer, erased, in_topic};
pub use self::flat::Flat;
pub use self::incoming::{Incoming, IncomingMessage, Malformed};
pub use self::json_rpc::JsonRpc;
pub use self::outgoing::{Out, Outgoing};
pub use self::parts::{Items, array, items, object, string};
pub use self::phoenix::Phoenix;
pub use self::places::{Asks, Places};
