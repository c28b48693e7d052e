//! From what was read to messages: RFC 6455, strictly, at whatever byte the reads are cut.
//!
//! A whole message in one read is checked once and copied once. Of an incomplete one the bytes are taken as they come,
//! each looked at once. Between messages a parser owns no memory but its own few words.

use std::collections::VecDeque;

use super::assembler::Assembler;
pub(crate) use super::close::Violation;
use super::deflate::{Agreed, Inflation};
use super::frame::{Opcode, apply_mask};
use super::header::{Expected, Header};
pub(crate) use super::input::{Input, reuse};

/// Who reads: it decides which way frames must be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes masked frames alone.
    Server,
    /// Takes frames without a mask alone.
    Client,
}

/// What a message may come to. Control frames are not counted: they are at most 125 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The whole message, in bytes: refused as soon as a header says more, before its payload is kept.
    pub message: usize,
    /// The frames it may be cut into.
    pub fragments: usize,
}

/// The reading half of one connection.
#[derive(Debug)]
pub(crate) struct Parser {
    /// Of [`Limits`], which would leave a gap: idle connections are many.
    message_limit: usize,
    fragment_limit: u32,
    /// Of one frame's payload as it stands on the wire; control frames have one of their own.
    frame_limit: u32,
    /// The frames that have begun since they were last [taken](Self::take_frames).
    frames: u32,
    role: Role,
    /// The peer's Close frame was read, or a violation: nothing that follows has a meaning.
    closed: bool,
    /// `Some` only while a frame or a fragmented message is incomplete.
    partial: Option<Box<Assembler>>,
    /// `Some` only where the peer may compress.
    inflation: Option<Box<Inflation>>,
}

impl Parser {
    pub(crate) fn new(role: Role, limits: Limits) -> Self {
        Self {
            message_limit: limits.message,
            fragment_limit: u32::try_from(limits.fragments).unwrap_or(u32::MAX),
            frame_limit: u32::MAX,
            frames: 0,
            role,
            closed: false,
            partial: None,
            inflation: None,
        }
    }

    /// With a bound on each frame, in bytes, beside those on messages.
    pub(crate) fn framing(mut self, limit: usize) -> Self {
        self.frame_limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self
    }

    /// With what was agreed on compression.
    pub(crate) fn inflating(mut self, agreed: Option<Agreed>) -> Self {
        self.inflation = agreed.map(|agreed| Box::new(Inflation::new(agreed)));
        self
    }

    /// Takes what was read, which is unmasked where it stands, and appends what it completes.
    ///
    /// What was complete before a violation is in `out` nevertheless. After a violation or the peer's Close all input
    /// is passed over. Where it was compressed and comes to much more, some of it may [wait](Self::has_rest): nothing else is
    /// fed before that.
    pub(crate) fn feed(&mut self, input: &mut [u8], out: &mut VecDeque<Input>) -> Result<(), Violation> {
        debug_assert!(!self.has_rest(), "what waits comes first");
        if let Some(inflation) = &mut self.inflation {
            inflation.begin_read();
        }
        let mut at = 0;
        while at < input.len() && !self.closed {
            if let Some(inflation) = &mut self.inflation
                && inflation.is_enough()
            {
                inflation.keep(&input[at..]);
                return Ok(());
            }
            match self.step(&mut input[at..], out) {
                Ok(used) => at += used,
                Err(violation) => {
                    self.closed = true;
                    self.partial = None;
                    return Err(violation);
                }
            }
        }
        Ok(())
    }

    /// Whether some of what was fed waits, for the room that its messages take to be free again.
    pub(crate) fn has_rest(&self) -> bool {
        self.inflation.as_ref().is_some_and(|inflation| inflation.has_rest())
    }

    /// As [`feed`](Self::feed), with what waits.
    pub(crate) fn feed_rest(&mut self, out: &mut VecDeque<Input>) -> Result<(), Violation> {
        let Some(inflation) = &mut self.inflation else { return Ok(()) };
        let mut rest = inflation.take_rest();
        self.feed(&mut rest, out)
    }

    /// How many frames of any kind have begun since they were last taken.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// As [`frames`](Self::frames), which are counted from none again.
    pub(crate) fn take_frames(&mut self) -> u32 {
        std::mem::take(&mut self.frames)
    }

    /// Whether a frame or a message has begun and is not complete.
    #[cfg(test)]
    pub(crate) fn is_mid_message(&self) -> bool {
        self.partial.is_some()
    }

    /// How many bytes of the peer's the parser has room for at this moment.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn held(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.capacity())
    }

    /// Takes one frame, or a part of one; answers how many bytes that was, never none.
    fn step(&mut self, input: &mut [u8], out: &mut VecDeque<Input>) -> Result<usize, Violation> {
        if let Some(partial) = &mut self.partial
            && let Some(used) = partial.fill(input)?
        {
            self.complete(out)?;
            return Ok(used);
        }
        let Some((header, used)) = self.header(input)? else { return Ok(input.len()) };
        self.frames = self.frames.saturating_add(1);
        let len = self.admit(&header)?;
        match input[used..].get_mut(..len) {
            Some(payload) if header.fin && header.opcode != Opcode::Continuation && !header.compressed => {
                if let Some(mask) = header.mask {
                    apply_mask(payload, mask);
                }
                self.deliver(Input::read(header.opcode, payload)?, out);
                Ok(used + len)
            }
            _ => {
                let inflation = self.inflation.as_ref().filter(|_| header.compressed);
                let inflater = inflation.map(|inflation| inflation.begin());
                self.partial.get_or_insert_default().begin(&header, len, self.message_limit, inflater);
                self.complete(out)?;
                Ok(used)
            }
        }
    }

    /// The next header and how many bytes of `input` belong to it; `None` if it took them all and needs more.
    fn header(&mut self, input: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        let expected = Expected { masked: self.role == Role::Server, compressed: self.inflation.is_some() };
        if self.partial.is_none()
            && let Some(whole) = Header::parse(input, expected)?
        {
            return Ok(Some(whole));
        }
        self.partial.get_or_insert_default().header(input, expected)
    }

    /// Holds a header against what came before it and its length against the limits; answers the length.
    fn admit(&self, header: &Header) -> Result<usize, Violation> {
        let message = self.partial.as_ref().and_then(|partial| partial.message());
        let (limit, is_compressed) = match (header.opcode, message) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => return Ok(header.len as usize),
            (Opcode::Text | Opcode::Binary, None) => (self.message_limit, header.compressed),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Violation::protocol("message within a fragmented message"));
            }
            (Opcode::Continuation, None) => return Err(Violation::protocol("continuation of no message")),
            (Opcode::Continuation, Some(message)) => {
                if message.fragments() >= self.fragment_limit {
                    return Err(Violation::too_big("message in too many fragments"));
                }
                (self.message_limit, message.is_compressed())
            }
        };
        let wire = |limit| if is_compressed { Inflation::wire_limit(limit) } else { limit };
        let left = wire(limit) - message.map_or(0, |message| message.announced());
        let len = usize::try_from(header.len).ok().filter(|len| *len <= left);
        let len = len.ok_or(Violation::too_big("message over the size limit"))?;
        if len > wire(self.frame_limit as usize) {
            return Err(Violation::too_big("frame over the size limit"));
        }
        Ok(len)
    }

    /// Delivers what the payload just taken completes, if it does.
    fn complete(&mut self, out: &mut VecDeque<Input>) -> Result<(), Violation> {
        let Some(partial) = &mut self.partial else { return Ok(()) };
        if let Some((input, was_compressed)) = partial.take_complete()? {
            if let Some(inflation) = self.inflation.as_mut().filter(|_| was_compressed) {
                inflation.complete(&input);
            }
            self.deliver(input, out);
        }
        Ok(())
    }

    fn deliver(&mut self, input: Input, out: &mut VecDeque<Input>) {
        self.closed = matches!(input, Input::Close(_));
        // A control frame may stand within a message, whose beginning is then kept.
        if self.closed || self.partial.as_ref().is_some_and(|partial| partial.is_empty()) {
            self.partial = None;
        }
        out.push_back(input);
    }
}

#[cfg(test)]
mod tests;
