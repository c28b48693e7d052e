//! The receiving half of a connection: input is read, parsed, and parked until it is handled. Above a bound nothing more is read.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll};

use crate::connection::stream::Stream;
use crate::wire::close::{Close, ClosedBy, Violation};
use crate::wire::parser::{Input, Parser};

const PARKED_BYTES: usize = 64 * 1024;

/// What a parked input counts in addition to its bytes, so that empty frames are bounded too.
const INPUT_OVERHEAD: usize = size_of::<Input>();

pub(crate) const STREAM_ENDED: &str = "the stream ended without a close";

pub(crate) struct Receiver {
    stream: Stream,
    parser: Parser,
    parked: Option<Box<Parked>>,
}

#[derive(Default)]
struct Parked {
    inputs: VecDeque<Input>,
    bytes: usize,
}

const SPARE_INPUTS: usize = 64;

thread_local! {
    /// An empty list, for the next connection of this thread that parks anything. Few do at a time, and an idle one holds none.
    static SPARE: Cell<Option<Box<Parked>>> = const { Cell::new(None) };
}

impl Parked {
    fn of(parked: &mut Option<Box<Self>>) -> &mut Self {
        parked.get_or_insert_with(|| SPARE.take().unwrap_or_default())
    }

    /// Returns the size of those that were removed.
    fn remove_texts(&mut self, before: &Checkpoint, mut is_taken: impl FnMut(&str) -> bool) -> usize {
        let (mut at, mut bytes) = (before.parked, 0);
        while let Some(input) = self.inputs.get(at) {
            if matches!(input, Input::Text(text) if is_taken(text)) {
                bytes += self.inputs.remove(at).as_ref().map_or(0, size);
            } else {
                at += 1;
            }
        }
        bytes
    }
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Checkpoint {
    pub parked: usize,
    pub frames: u32,
}

/// What one read has parked. It is not counted yet.
pub(crate) struct ReadBatch {
    pub before: Checkpoint,
    pub result: Result<(), Violation>,
}

impl Receiver {
    pub fn new(stream: Stream, parser: Parser) -> Self {
        Self { stream, parser, parked: None }
    }

    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    pub fn is_empty(&self) -> bool {
        self.parked.is_none()
    }

    pub fn is_full(&self) -> bool {
        self.parked.as_ref().is_some_and(|parked| parked.bytes >= PARKED_BYTES)
    }

    pub fn has_message(&self) -> bool {
        self.parked
            .iter()
            .flat_map(|parked| &parked.inputs)
            .any(|input| matches!(input, Input::Text(_) | Input::Binary(_)))
    }

    /// How many frames have been received that were not counted against the rate.
    pub fn frames(&self) -> u32 {
        self.parser.frames()
    }

    pub fn take_frames(&mut self) -> u32 {
        self.parser.take_frames()
    }

    /// Reads once; or goes on with what was read before, if it inflates to more than could be parked. `None` at the end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<ReadBatch>>> {
        let before = self.before();
        let Self { stream, parser, parked, .. } = self;
        if parser.has_rest() {
            let result = parser.feed_rest(&mut Parked::of(parked).inputs);
            self.tidy();
            return Poll::Ready(Ok(Some(ReadBatch { before, result })));
        }
        let fed = stream.poll_read(cx, |input| (input.len(), parser.feed(input, &mut Parked::of(parked).inputs)));
        self.tidy();
        fed.map_ok(|(read, result)| (read > 0).then_some(ReadBatch { before, result }))
    }

    pub fn feed(&mut self, bytes: &mut [u8]) -> ReadBatch {
        let before = self.before();
        let result = self.parser.feed(bytes, &mut Parked::of(&mut self.parked).inputs);
        self.tidy();
        ReadBatch { before, result }
    }

    fn before(&self) -> Checkpoint {
        Checkpoint {
            parked: self.parked.as_ref().map_or(0, |parked| parked.inputs.len()),
            frames: self.parser.frames(),
        }
    }

    /// What has been parked since, which is counted from now on.
    pub fn count(&mut self, before: &Checkpoint) -> impl Iterator<Item = &Input> {
        let latest = self.parked.as_mut().map(|parked| {
            let latest = parked.inputs.range(before.parked..);
            parked.bytes += latest.clone().map(size).sum::<usize>();
            latest
        });
        latest.into_iter().flatten()
    }

    /// Removes the last so many inputs that are not counted yet. A Close stays, because a client may always leave.
    pub fn refuse(&mut self, most: u32, before: &Checkpoint) -> impl Iterator<Item = Input> {
        let parked = &mut Parked::of(&mut self.parked).inputs;
        let close = parked.pop_back_if(|input| matches!(input, Input::Close(_)));
        let passed = parked.len().saturating_sub(most as usize).max(before.parked);
        let refused = parked.split_off(passed);
        parked.extend(close);
        self.tidy();
        refused.into_iter()
    }

    /// Removes the answer to our own ping, which no handler sees, if parked since and counted. Returns whether there was one.
    pub fn take_pong(&mut self, before: &Checkpoint) -> bool {
        let is_pong = |input: &Input| matches!(input, Input::Pong(data) if data.is_empty());
        let Some(parked) = &mut self.parked else { return false };
        let Some(at) = parked.inputs.range(before.parked..).position(is_pong) else { return false };
        parked.bytes -= parked.inputs.remove(before.parked + at).as_ref().map_or(0, size);
        self.tidy();
        true
    }

    /// Removes the texts parked since, and counted, that someone else takes.
    pub fn take_texts(&mut self, before: &Checkpoint, is_taken: impl FnMut(&str) -> bool) {
        let Some(parked) = &mut self.parked else { return };
        parked.bytes -= parked.remove_texts(before, is_taken);
        self.tidy();
    }

    /// As [`take_texts`](Self::take_texts), of those that are not counted yet.
    pub fn take_uncounted_texts(&mut self, before: &Checkpoint, is_taken: impl FnMut(&str) -> bool) {
        let Some(parked) = &mut self.parked else { return };
        parked.remove_texts(before, is_taken);
        self.tidy();
    }

    pub fn pop(&mut self) -> Option<Input> {
        let parked = self.parked.as_mut()?;
        let input = parked.inputs.pop_front()?;
        parked.bytes -= size(&input);
        self.tidy();
        Some(input)
    }

    pub fn clear(&mut self) {
        self.parked = None;
    }

    fn tidy(&mut self) {
        if let Some(mut parked) = self.parked.take_if(|parked| parked.inputs.is_empty()) {
            parked.bytes = 0;
            if parked.inputs.capacity() <= SPARE_INPUTS {
                SPARE.set(Some(parked));
            }
        }
    }
}

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
