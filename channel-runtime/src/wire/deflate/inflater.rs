//! Decompression of a client's messages while they are received, bounded by the size limit.

use std::cell::Cell;

use flate2::{Decompress, FlushDecompress, Status};

use super::Agreed;
use super::rfc7692::{TAIL, WINDOW_BITS};
use crate::wire::close::{CloseCode, Violation};
use crate::wire::input::Input;

/// This many bytes are inflated between two checks of the bound and the text.
const CHUNK: usize = 4 * 1024;

/// After this many bytes of inflated messages, the rest of a read waits, because it could inflate to a thousand times its length.
const MESSAGES_AT_ONCE: usize = 64 * 1024;

/// An empty last block. It can be read only if the block before it has ended.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

const BROKEN: Violation = Violation { code: CloseCode::INVALID_DATA, reason: "compressed data is broken" };
const TOO_BIG: Violation = Violation { code: CloseCode::TOO_BIG, reason: "message over the size limit" };

#[derive(Debug)]
pub(in crate::wire) struct InflateState {
    context: Option<Context>,
    inflated: usize,
    rest: Vec<u8>,
}

impl InflateState {
    pub fn new(agreed: Agreed) -> Self {
        // If asked for 8 bits, zlib uses 9.
        let window = |bits: u8| 1 << bits.max(*WINDOW_BITS.start());
        let context = agreed.client_context.map(|bits| Context { window: window(bits), text: Vec::new() });
        Self { context, inflated: 0, rest: Vec::new() }
    }

    /// An honest message that can't be compressed grows by some bytes for each block, and a small compressor makes many blocks. The
    /// bound stops a stream of empty blocks.
    pub fn wire_limit(limit: usize) -> usize {
        limit.saturating_add(limit / 8).saturating_add(64)
    }

    pub fn begin(&self) -> Box<Inflater> {
        let mut inflater = SPARE.take().unwrap_or_else(|| Box::new(Inflater(Decompress::new(false))));
        if let Some(context) = &self.context {
            inflater.0.set_dictionary(&context.text).expect("a raw stream takes any");
        }
        inflater
    }

    /// Notes that a message is complete, because later ones may refer to it.
    pub fn complete(&mut self, input: &Input) {
        let text = match input {
            Input::Text(text) => text.as_bytes(),
            Input::Binary(bytes) => bytes,
            Input::Ping(_) | Input::Pong(_) | Input::Close(_) => return,
        };
        self.inflated += text.len();
        if let Some(context) = &mut self.context {
            context.append(text);
        }
    }

    pub fn begin_read(&mut self) {
        self.inflated = 0;
    }

    pub fn is_enough(&self) -> bool {
        self.inflated >= MESSAGES_AT_ONCE
    }

    pub fn keep(&mut self, rest: &[u8]) {
        self.rest = rest.to_vec();
    }

    pub fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }
}

/// The end of the earlier messages. A [`Decompress`] would take more: a window of 32 KiB and tables, whatever was agreed on.
#[derive(Debug)]
struct Context {
    window: usize,
    /// At most as long as the window.
    text: Vec<u8>,
}

impl Context {
    fn append(&mut self, text: &[u8]) {
        let text = &text[text.len().saturating_sub(self.window)..];
        let forgotten = (self.text.len() + text.len()).saturating_sub(self.window);
        self.text.drain(..forgotten);
        let needed = self.text.len() + text.len();
        if needed > self.text.capacity() {
            self.text.reserve_exact((needed * 2).min(self.window) - self.text.len());
        }
        self.text.extend_from_slice(text);
    }
}

thread_local! {
    /// An inflater takes some 50 KiB, and few messages take more than one read. It is put back, reset, only after a valid message.
    static SPARE: Cell<Option<Box<Inflater>>> = const { Cell::new(None) };
}

#[derive(Debug)]
pub(in crate::wire) struct Inflater(Decompress);

impl Inflater {
    /// Inflates the next bytes of the message and passes the result to `take`, in pieces. At most `left` more bytes are allowed.
    ///
    /// # Errors
    /// If the data is invalid, if there are more than `left` bytes, and the errors of `take`. Then the message must not be used.
    pub fn push<E: Into<Violation>>(
        &mut self,
        mut input: &[u8],
        mut left: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), Violation> {
        let mut chunk = [0; CHUNK];
        loop {
            // There is space for one byte too many, to notice it. If the space is not filled, all input was taken.
            let chunk = &mut chunk[..CHUNK.min(left.saturating_add(1))];
            let (status, used, made) = self.step(input, chunk);
            input = &input[used..];
            // Output from before an error counts first: what a client is told must not depend on how its message was cut.
            take(&chunk[..made.min(left)]).map_err(Into::into)?;
            left = left.checked_sub(made).ok_or(TOO_BIG)?;
            let status = status?;
            if status == Status::StreamEnd {
                // The block claimed to be the last one. Others may follow, which can't refer to it.
                self.0.reset(false);
                if input.is_empty() {
                    return Ok(());
                }
            } else if made < chunk.len() {
                return Ok(());
            }
        }
    }

    /// Ends the message after its last byte.
    ///
    /// # Errors
    /// As for [`push`](Self::push), and if the message ends within a block.
    pub fn finish<E: Into<Violation>>(
        mut self: Box<Self>,
        left: usize,
        take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), Violation> {
        self.push(&TAIL, left, take)?;
        if self.step(&END, &mut [0]) != (Ok(Status::StreamEnd), END.len(), 0) {
            return Err(BROKEN);
        }
        self.0.reset(false);
        SPARE.set(Some(self));
        Ok(())
    }

    /// Returns the status, and how many bytes were taken and made. If the status is an error, the data is invalid after them.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> (Result<Status, Violation>, usize, usize) {
        let (taken, made) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, output, FlushDecompress::None).map_err(|_| BROKEN);
        // Both are at most the lengths of the slices.
        let taken = (self.0.total_in() - taken) as usize;
        let made = (self.0.total_out() - made) as usize;
        (status, taken, made)
    }
}
