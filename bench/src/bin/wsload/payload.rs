//! The text in each message: a mark that says which message it is, from whom and from when, and padding.
//!
//! `@@SEQ.TIME.SOURCE-xxxx…`, of fixed width and free of JSON escapes: any message that holds it is a delivery, whatever
//! envelope the server puts around it.

use memchr::memmem::Finder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Counts the messages of one source, from 1; 0 are asides, which nobody counts.
    pub seq: u64,
    /// When it was sent, or due, by the client's clock in nanoseconds.
    pub time: u64,
    /// Who of its room sent it.
    pub source: u32,
}

const START: &[u8] = b"@@";
const SEQ: std::ops::Range<usize> = 2..12;
const TIME: std::ops::Range<usize> = 13..32;
const SOURCE: std::ops::Range<usize> = 33..39;
/// Of the mark, in bytes.
pub const MARK: usize = 40;
const PADDING: u8 = b'x';

pub struct Payload {
    bytes: Vec<u8>,
    start: Finder<'static>,
}

/// A message with a payload that is not whole.
pub struct Malformed;

impl Payload {
    pub fn new(size: usize) -> Self {
        let mut bytes = vec![PADDING; size.max(MARK + 1)];
        bytes[..MARK].copy_from_slice(b"@@##########.###################.######-");
        Self { bytes, start: Finder::new(START) }
    }

    pub fn write(&mut self, mark: Mark) -> &[u8] {
        put_digits(&mut self.bytes[SEQ], mark.seq);
        put_digits(&mut self.bytes[TIME], mark.time);
        put_digits(&mut self.bytes[SOURCE], mark.source.into());
        &self.bytes
    }

    pub fn find(&self, message: &[u8]) -> Result<Option<Mark>, Malformed> {
        let Some(at) = self.start.find(message) else { return Ok(None) };
        let payload = message.get(at..at + self.bytes.len()).ok_or(Malformed)?;
        if payload.last() != Some(&PADDING) {
            return Err(Malformed);
        }
        let read = |range| digits(&payload[range]).ok_or(Malformed);
        Ok(Some(Mark { seq: read(SEQ)?, time: read(TIME)?, source: read(SOURCE)? as u32 }))
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

fn put_digits(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
