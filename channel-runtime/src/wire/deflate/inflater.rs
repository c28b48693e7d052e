//! A client's messages, inflated as they come, and never beyond what a message may be.

use std::cell::Cell;

use flate2::{Decompress, FlushDecompress, Status};

use super::Agreed;
use super::rfc7692::{TAIL, WINDOW_BITS};
use crate::wire::close::{CloseCode, Violation};
use crate::wire::input::Input;

/// So much is inflated between two looks at the bound and at the text.
const CHUNK: usize = 4 * 1024;

/// After so many bytes of inflated messages the rest of a read waits: it could be a thousand times as long.
const MESSAGES_AT_ONCE: usize = 64 * 1024;

/// A last block, empty: it can be read as one only where a block has ended.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

const BROKEN: Violation = Violation { code: CloseCode::INVALID_DATA, reason: "compressed data is broken" };
const TOO_BIG: Violation = Violation { code: CloseCode::TOO_BIG, reason: "message over the size limit" };

/// What a connection whose client may compress keeps between its messages; most of them nothing.
#[derive(Debug)]
pub(in crate::wire) struct Inflation {
    context: Option<Context>,
    /// The bytes of messages that this read was inflated to.
    inflated: usize,
    /// What of a read waits.
    rest: Vec<u8>,
}

impl Inflation {
    pub fn new(agreed: Agreed) -> Self {
        // Asked for 8 bits, zlib takes 9.
        let window = |bits: u8| 1 << bits.max(*WINDOW_BITS.start());
        let context = agreed.client_context.map(|bits| Context { window: window(bits), text: Vec::new() });
        Self { context, inflated: 0, rest: Vec::new() }
    }

    /// The most bytes that a message of up to `limit` bytes may be compressed to. An honest one that can't be compressed grows
    /// by some bytes for each of its blocks, which a small compressor makes often; empty blocks without end have an end here.
    pub fn wire_limit(limit: usize) -> usize {
        limit.saturating_add(limit / 8).saturating_add(64)
    }

    /// A new message begins.
    pub fn begin(&self) -> Box<Inflater> {
        let mut inflater = SPARE.take().unwrap_or_else(|| Box::new(Inflater(Decompress::new(false))));
        if let Some(context) = &self.context {
            inflater.0.set_dictionary(&context.text).expect("a raw stream takes any");
        }
        inflater
    }

    /// A message is complete: later ones may refer to it.
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

    /// A read begins to be looked at.
    pub fn begin_read(&mut self) {
        self.inflated = 0;
    }

    /// Whether what is left of the read should wait until what came of it was handled.
    pub fn is_enough(&self) -> bool {
        self.inflated >= MESSAGES_AT_ONCE
    }

    /// Keeps what is left of a read.
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

/// What messages may refer back to: the end of those before. It takes less than a sleeping [`Decompress`], which has a window of
/// 32 KiB and tables, whatever was agreed.
#[derive(Debug)]
struct Context {
    /// In bytes.
    window: usize,
    /// At most a window's worth.
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
    /// An inflater is some 50 KiB: few messages take more than one read, and all others can share one a thread. It is put
    /// back, reset, only after a message that ended well; after an error or a panic it is dropped.
    static SPARE: Cell<Option<Box<Inflater>>> = const { Cell::new(None) };
}

/// What inflates one message.
#[derive(Debug)]
pub(in crate::wire) struct Inflater(Decompress);

impl Inflater {
    /// Inflates the next bytes of the message, of which `left` more bytes are allowed, and hands `take` what comes of them, in
    /// pieces.
    ///
    /// # Errors
    /// Broken data, more than `left`, and what `take` says; the message is of no further use then.
    pub fn push<E: Into<Violation>>(
        &mut self,
        mut input: &[u8],
        mut left: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), Violation> {
        let mut chunk = [0; CHUNK];
        loop {
            // Room for one byte too many, so that it is seen. What is not full shows that all input was taken.
            let chunk = &mut chunk[..CHUNK.min(left.saturating_add(1))];
            let (status, used, made) = self.step(input, chunk)?;
            input = &input[used..];
            left = left.checked_sub(made).ok_or(TOO_BIG)?;
            take(&chunk[..made]).map_err(Into::into)?;
            if status == Status::StreamEnd {
                // A block that said to be the last one; others may follow, which see nothing of it.
                self.0.reset(false);
                if input.is_empty() {
                    return Ok(());
                }
            } else if made < chunk.len() {
                return Ok(());
            }
        }
    }

    /// The message has all its bytes.
    ///
    /// # Errors
    /// As [`push`](Self::push); and where the message ends in the middle of a block.
    pub fn finish<E: Into<Violation>>(
        mut self: Box<Self>,
        left: usize,
        take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), Violation> {
        self.push(&TAIL, left, take)?;
        if self.step(&END, &mut [0])? != (Status::StreamEnd, END.len(), 0) {
            return Err(BROKEN);
        }
        self.0.reset(false);
        SPARE.set(Some(self));
        Ok(())
    }

    /// How it went, how much of the input was taken, and how much came of it.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Status, usize, usize), Violation> {
        let (taken, made) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, output, FlushDecompress::None).map_err(|_| BROKEN)?;
        // No more than was there, and so they fit.
        let taken = (self.0.total_in() - taken) as usize;
        let made = (self.0.total_out() - made) as usize;
        Ok((status, taken, made))
    }
}
