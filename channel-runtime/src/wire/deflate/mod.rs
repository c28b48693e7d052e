//! permessage-deflate: RFC 7692, for a server.
//!
//! [`extension`] settles with a client what it may send and what it understands; [`inflater`] reads its messages,
//! [`deflater`] makes ours, and [`Variants`] hands each receiver the form it reads. Our own messages stand alone (no context
//! is taken over), so that one compression serves all who share a window.

mod compression;
mod deflater;
mod extension;
mod inflater;
mod prepared_frame;
#[cfg(test)]
mod tests;
mod windows;

pub use self::compression::Compression;
#[cfg(test)]
pub(crate) use self::deflater::tests::COMPRESSED;
pub(crate) use self::extension::{Agreed, negotiate};
pub(super) use self::inflater::{Inflater, Inflation};
pub(crate) use self::prepared_frame::Variants;
pub(crate) use self::windows::{Tally, Windows};
use super::header::{Expected, Header, Opcode};

/// What a frame of ours says.
fn payload(frame: &[u8]) -> (Opcode, &[u8]) {
    let header = Header::parse(frame, Expected { masked: false, compressed: true });
    let (header, size) = header.ok().flatten().expect("our own frames are well formed");
    (header.opcode, &frame[size..])
}

/// What every compressed message would end with, and what is therefore left out (RFC 7692, section 7.2.1): the lengths of an
/// empty block that is not compressed.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The sizes that a window of ours can have, as powers of two. DEFLATE has no smaller one; the extension has 8 bits too, with
/// which zlib never compresses.
const WINDOW_BITS: std::ops::RangeInclusive<u8> = 9..=15;
