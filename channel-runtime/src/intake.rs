//! What comes from a client: read, parsed, and parked until it is handled.
//!
//! Complete input is parked up to a bound; then nothing more is read, and the client is slowed by its own socket.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll};

use crate::config::Config;
use crate::wire::close::{Close, ClosedBy, Violation};
use crate::wire::deflate::Agreed;
use crate::wire::parser::{Input, Limits, Parser, Role};
use crate::wire::transport::Stream;

/// Above so many bytes of parked input nothing more is read: 64 KiB.
const PARKED_BYTES: usize = 64 * 1024;

/// What a parked input counts beside its bytes, so that empty frames are bounded too.
const INPUT_OVERHEAD: usize = size_of::<Input>();

/// What became of a stream that ended, for whoever is told how its connection did.
pub(crate) const STREAM_ENDED: &str = "the stream ended without a close";

pub(crate) struct Intake {
    stream: Stream,
    parser: Parser,
    /// Complete input that waits for the handler, and its size.
    parked: VecDeque<Input>,
    parked_bytes: usize,
}

/// What there was before a read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Before {
    /// Inputs that were parked.
    pub parked: usize,
    /// Frames that were not held against their rate.
    pub frames: u32,
}

/// What was read. It is parked, and not counted yet.
pub(crate) struct Came {
    pub before: Before,
    pub result: Result<(), Violation>,
}

impl Intake {
    pub fn new(stream: Stream, deflate: Option<Agreed>, config: &Config) -> Self {
        let limits = Limits { message: config.message_bytes, fragments: config.message_fragments };
        let parser = Parser::new(Role::Server, limits).framing(config.frame_bytes).inflating(deflate);
        Self { stream, parser, parked: VecDeque::new(), parked_bytes: 0 }
    }

    /// The stream, to be written to.
    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether nothing is parked.
    pub fn is_empty(&self) -> bool {
        self.parked.is_empty()
    }

    /// Whether so much is parked that nothing more is read.
    pub fn is_full(&self) -> bool {
        self.parked_bytes >= PARKED_BYTES
    }

    /// Whether a message is parked.
    pub fn has_message(&self) -> bool {
        self.parked.iter().any(|input| matches!(input, Input::Text(_) | Input::Binary(_)))
    }

    /// How many frames have come that were not held against their rate.
    pub fn frames(&self) -> u32 {
        self.parser.frames()
    }

    /// As [`frames`](Self::frames), which are counted from none again.
    pub fn take_frames(&mut self) -> u32 {
        self.parser.take_frames()
    }

    /// Reads once, or takes more of what was read and inflates to more than could be parked. Nothing at the end of the stream.
    pub fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Came>>> {
        let before = self.before();
        let Self { stream, parser, parked, .. } = self;
        if parser.has_rest() {
            let result = parser.feed_rest(parked);
            return Poll::Ready(Ok(Some(Came { before, result })));
        }
        let fed = stream.poll_read(cx, |input| (input.len(), parser.feed(input, parked)));
        fed.map_ok(|(read, result)| (read > 0).then_some(Came { before, result }))
    }

    /// Takes what was read by somebody else.
    pub fn feed(&mut self, bytes: &mut [u8]) -> Came {
        let before = self.before();
        let result = self.parser.feed(bytes, &mut self.parked);
        Came { before, result }
    }

    fn before(&self) -> Before {
        Before { parked: self.parked.len(), frames: self.parser.frames() }
    }

    /// What has been parked since, counted from now on.
    pub fn count(&mut self, before: &Before) -> impl Iterator<Item = &Input> {
        if before.parked == 0 {
            self.parked_bytes = 0;
        }
        let latest = self.parked.range(before.parked..);
        self.parked_bytes += latest.clone().map(size).sum::<usize>();
        latest
    }

    /// Takes out the last so many of what has been parked since and is not counted. A Close stays: a client may always leave.
    pub fn refuse(&mut self, most: u32, before: &Before) -> impl Iterator<Item = Input> {
        let close = self.parked.pop_back_if(|input| matches!(input, Input::Close(_)));
        let passed = self.parked.len().saturating_sub(most as usize).max(before.parked);
        let refused = self.parked.split_off(passed);
        self.parked.extend(close);
        refused.into_iter()
    }

    /// Takes out the answer to a ping of our own, which is nobody else's business, where it has been parked since and is counted.
    /// Whether there was one.
    pub fn take_pong(&mut self, before: &Before) -> bool {
        let is_pong = |input: &Input| matches!(input, Input::Pong(data) if data.is_empty());
        let Some(at) = self.parked.range(before.parked..).position(is_pong) else { return false };
        self.parked_bytes -= self.parked.remove(before.parked + at).as_ref().map_or(0, size);
        if self.parked.is_empty() {
            self.parked = VecDeque::new();
        }
        true
    }

    /// The next to be handled.
    pub fn pop(&mut self) -> Option<Input> {
        let input = self.parked.pop_front()?;
        self.parked_bytes -= size(&input);
        // Idle connections keep no burst's worth of room.
        if self.parked.is_empty() && self.parked.capacity() > 4 {
            self.parked = VecDeque::new();
        }
        Some(input)
    }

    /// Drops all that is parked.
    pub fn clear(&mut self) {
        self.parked = VecDeque::new();
        self.parked_bytes = 0;
    }
}

/// How the client ends the connection, where this is its Close.
pub(crate) fn close_in(input: &Input) -> Option<Close> {
    let Input::Close(close) = input else { return None };
    let (code, reason) = close.clone().map_or((None, String::new()), |(code, reason)| (Some(code), reason));
    Some(Close::new(ClosedBy::Client, code, reason))
}

fn size(input: &Input) -> usize {
    INPUT_OVERHEAD
        + match input {
            Input::Text(text) => text.len(),
            Input::Binary(data) | Input::Ping(data) | Input::Pong(data) => data.len(),
            Input::Close(_) => 0,
        }
}
