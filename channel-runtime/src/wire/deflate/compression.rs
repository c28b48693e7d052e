//! How an app compresses.

use super::rfc7692::WINDOW_BITS;

/// How messages are compressed, to and from clients that offer it (permessage-deflate, RFC 7692): browsers do. For
/// [`Config::compression`](crate::Config::compression).
///
/// ```
/// # use channel_runtime::{Compression, Config};
/// let config = Config::default().compression(Compression::default().level(6).min_bytes(1024));
/// ```
///
/// Our messages stand alone: none refers to an earlier one, so that a broadcast is compressed once for all who receive it, and
/// an idle connection holds no compressor. What compresses well is a message that repeats itself, such as a list of objects.
///
/// Where a message carries a secret beside text that an attacker chooses, its compressed length tells of the secret (CRIME,
/// BREACH): leave compression off for such an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compression {
    /// How hard it tries, 1 (fast) to 9 (small): 3. Level 6 makes JSON 3 to 10 % smaller still, for up to three times as much
    /// time, 1.5 ms for 64 KiB. What is out of range counts as its nearest bound.
    pub level: u8,
    /// Messages of fewer bytes are sent as they are: 256. To begin costs some 10 microseconds, however short the message, and
    /// below that saves less than the packet's own headers take. Also sent as it is, whatever its length, is a message that
    /// compression makes no shorter.
    pub min_bytes: usize,
    /// How far back our messages refer within themselves, as a power of two: 15, which is 32 KiB; 9 to 15. A client takes that
    /// much to read one, and may ask for less. For each size that is in use a thread that sends has a compressor, of a quarter
    /// of a megabyte. What is out of range counts as its nearest bound.
    pub window_bits: u8,
    /// How far back a client's message may refer to its earlier ones, as a power of two, 9 to 15: not at all. It makes what
    /// such a client sends shorter, and has the server keep that much for each of its connections for as long as they last.
    /// A client that can't be held to less than 15 is told not to refer back, unless this is 15. What is out of range counts
    /// as its nearest bound.
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

    /// With all that was out of range at its nearest bound.
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
