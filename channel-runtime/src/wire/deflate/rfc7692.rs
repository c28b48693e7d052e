//! The constants of RFC 7692.

/// The end of every compressed message, which is not sent (RFC 7692, section 7.2.1): the lengths of an empty stored block.
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The sizes of our windows, as powers of two. DEFLATE has no smaller one; the extension has 8 bits too, which zlib never uses.
pub(super) const WINDOW_BITS: std::ops::RangeInclusive<u8> = 9..=15;
