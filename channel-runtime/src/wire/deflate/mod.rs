//! Compression of messages: permessage-deflate (RFC 7692), the server's side.
//!
//! [`extension`] negotiates with a client, [`inflater`] reads its messages, [`deflater`] compresses ours, and [`PreparedFrame`]
//! holds one message in each form that its receivers read. Our messages refer to no earlier ones (no context takeover), so that one
//! compressed frame serves all receivers with the same window.

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
#[cfg(test)]
pub(crate) use self::deflater::tests::COMPRESSED;
pub(crate) use self::extension::{Agreed, negotiate};
pub(super) use self::inflater::{InflateState, Inflater};
pub(crate) use self::prepared_frame::PreparedFrame;
pub(crate) use self::windows::{WindowCounts, Windows};
