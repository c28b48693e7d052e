//! RFC 6455 over bytes: frames in both directions and how a connection ends. Knows no channels.
//!
//! [`parser`] turns what was read into messages, [`frame`] turns messages into what is written; both share `header`.
//! [`close`] says how a connection ended, [`accept`] is the handshake's one computation, [`deflate`] what compresses messages
//! where the feature of that name is on.

pub(crate) mod accept;
mod assembler;
pub(crate) mod close;
#[cfg_attr(not(feature = "deflate"), path = "without_deflate.rs")]
pub(crate) mod deflate;
pub(crate) mod frame;
mod header;
mod input;
pub(crate) mod parser;
mod utf8;
