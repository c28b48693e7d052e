//! Compression of messages: permessage-deflate (RFC 7692), the server's side.
//!
//! Our messages refer to no earlier ones (no context takeover), so one compressed frame serves all receivers with the same window.

mod compression;
mod deflater;
mod extension;
mod inflater;
mod prepared_frame;
mod rfc7692;
#[cfg(test)]
mod tests;
mod windows;

pub use self::compression::Compression;
pub(crate) use self::extension::{Agreed, negotiate};
pub(super) use self::inflater::{InflateState, Inflater};
pub(crate) use self::prepared_frame::PreparedFrame;
pub(crate) use self::windows::{WindowCounts, Windows};
#[cfg(test)]
pub(crate) use self::{deflater::tests::COMPRESSED, extension::tests::agreed};
