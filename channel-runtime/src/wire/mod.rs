//! The WebSocket protocol over bytes (RFC 6455 and RFC 7692): frames in both directions, and the end of a connection. It does no
//! I/O, reads no clock, and imports no other folder.

pub(crate) mod accept;
mod assembler;
pub(crate) mod close;
#[cfg_attr(not(feature = "deflate"), path = "without_deflate.rs")]
pub(crate) mod deflate;
pub(crate) mod frame;
mod header;
mod input;
mod numbered;
pub(crate) mod parser;
mod utf8;
