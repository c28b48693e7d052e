//! The settings of compression.

use super::rfc7692::WINDOW_BITS;

/// How messages are compressed, in both directions, with clients that offer permessage-deflate (RFC 7692), as browsers do. For
/// [`Config::compression`](crate::Config::compression). A number out of range counts as the nearest bound.
///
/// ```
/// # use channel_runtime::{Compression, Config};
/// let config = Config::default().compression(Compression::default().level(6).min_bytes(1024));
/// ```
///
/// Our messages do not refer to earlier ones. So a broadcast is compressed once for all receivers, and an idle connection holds no
/// compressor. A message compresses well if it repeats itself, such as a list of objects.
///
/// If a message contains a secret next to text that an attacker chooses, its compressed length reveals the secret (CRIME, BREACH).
/// Leave compression off for such an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compression {
    /// The effort, from 1 (fast) to 9 (small): 3 by default. Level 6 makes JSON 3 to 10 % smaller and takes up to three times as
    /// long, 1.5 ms for 64 KiB.
    pub level: u8,
    /// Messages of fewer bytes are not compressed: 256 by default. Compression takes some 10 microseconds at least, and for shorter
    /// messages it saves less than the packet's own headers. A message that does not get shorter is sent uncompressed too.
    pub min_bytes: usize,
    /// How far back our messages refer within themselves, as a power of two from 9 to 15: 15 by default, which is 32 KiB. A client
    /// needs this much memory to read a message, and may ask for less. Each thread that sends has one compressor for each size in
    /// use, of a quarter of a megabyte.
    pub window_bits: u8,
    /// How far back a client's message may refer to its earlier ones, as a power of two from 9 to 15. `None`, the default: not at
    /// all. It makes clients' messages shorter; in return the server keeps this much memory for each such connection as long as it
    /// lasts. A client that can't be limited to less than 15 is told not to refer back, unless this is 15.
    pub client_context: Option<u8>,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 3, min_bytes: 256, window_bits: 15, client_context: None }
    }
}

impl Compression {
    /// Sets [`level`](Self::level).
    #[must_use]
    pub fn level(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// Sets [`min_bytes`](Self::min_bytes).
    #[must_use]
    pub fn min_bytes(mut self, bytes: usize) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// Sets [`window_bits`](Self::window_bits).
    #[must_use]
    pub fn window_bits(mut self, bits: u8) -> Self {
        self.window_bits = bits;
        self
    }

    /// Sets [`client_context`](Self::client_context).
    #[must_use]
    pub fn client_context(mut self, bits: u8) -> Self {
        self.client_context = Some(bits);
        self
    }

    pub(super) fn in_range(self) -> Self {
        let in_range = |bits: u8| bits.clamp(*WINDOW_BITS.start(), *WINDOW_BITS.end());
        Self {
            level: self.level.clamp(1, 9),
            min_bytes: self.min_bytes,
            window_bits: in_range(self.window_bits),
            client_context: self.client_context.map(in_range),
        }
    }
}
