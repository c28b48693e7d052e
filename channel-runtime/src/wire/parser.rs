//! The parser of incoming bytes (RFC 6455). It is strict, and accepts reads that are cut anywhere.
//!
//! A whole message in one read is checked once and copied once, and so is each piece of an incomplete one. Between messages a
//! parser owns no memory but its own few words.

use std::collections::VecDeque;

use super::assembler::Assembler;
pub(crate) use super::close::Violation;
use super::deflate::{Agreed, InflateState};
use super::frame::{Opcode, apply_mask};
use super::header::{Expected, Header};
pub(crate) use super::input::{Input, reuse};

/// The side that reads: a server accepts only masked frames, a client only frames without a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The whole message, in bytes. It is refused when a header exceeds this, before its payload is kept.
    pub message: usize,
    pub fragments: usize,
}

#[derive(Debug)]
pub(crate) struct Parser {
    /// From [`Limits`], which as a field would leave a gap; there are many idle connections.
    message_limit: usize,
    fragment_limit: u32,
    /// The longest payload of a frame on the wire. Control frames have a limit of their own.
    frame_limit: u32,
    /// The frames of any kind begun since they were last [taken](Self::take_frames).
    frames: u32,
    role: Role,
    /// Whether the peer's Close frame or a violation was read. Everything after it is ignored.
    closed: bool,
    /// `Some` only while a frame or a fragmented message is incomplete.
    assembler: Option<Box<Assembler>>,
    inflate_state: Option<Box<InflateState>>,
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
            assembler: None,
            inflate_state: None,
        }
    }

    pub(crate) fn framing(mut self, limit: usize) -> Self {
        self.frame_limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self
    }

    pub(crate) fn inflating(mut self, agreed: Option<Agreed>) -> Self {
        self.inflate_state = agreed.map(|agreed| Box::new(InflateState::new(agreed)));
        self
    }

    /// Unmasks in place, and appends what is complete to `out`, also before a violation. After it or the peer's Close, input is
    /// ignored. If compressed input grows too much, a part of it may [wait](Self::has_rest); nothing else may be fed before it.
    pub(crate) fn feed(&mut self, input: &mut [u8], out: &mut VecDeque<Input>) -> Result<(), Violation> {
        debug_assert!(!self.has_rest(), "what waits comes first");
        if let Some(inflate_state) = &mut self.inflate_state {
            inflate_state.begin_read();
        }
        let mut at = 0;
        while at < input.len() && !self.closed {
            if let Some(inflate_state) = &mut self.inflate_state
                && inflate_state.is_enough()
            {
                inflate_state.keep(&input[at..]);
                return Ok(());
            }
            match self.step(&mut input[at..], out) {
                Ok(used) => at += used,
                Err(violation) => {
                    self.closed = true;
                    self.assembler = None;
                    return Err(violation);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn has_rest(&self) -> bool {
        self.inflate_state.as_ref().is_some_and(|inflate_state| inflate_state.has_rest())
    }

    pub(crate) fn feed_rest(&mut self, out: &mut VecDeque<Input>) -> Result<(), Violation> {
        let Some(inflate_state) = &mut self.inflate_state else { return Ok(()) };
        let mut rest = inflate_state.take_rest();
        self.feed(&mut rest, out)
    }

    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    pub(crate) fn take_frames(&mut self) -> u32 {
        std::mem::take(&mut self.frames)
    }

    #[cfg(test)]
    pub(crate) fn is_mid_message(&self) -> bool {
        self.assembler.is_some()
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn held(&self) -> usize {
        self.assembler.as_ref().map_or(0, |assembler| assembler.capacity())
    }

    /// Takes at most one frame. Returns the number of bytes, which is never zero.
    fn step(&mut self, input: &mut [u8], out: &mut VecDeque<Input>) -> Result<usize, Violation> {
        if let Some(assembler) = &mut self.assembler
            && let Some(used) = assembler.fill(input)?
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
                let inflate_state = self.inflate_state.as_ref().filter(|_| header.compressed);
                let inflater = inflate_state.map(|inflate_state| inflate_state.begin());
                self.assembler.get_or_insert_default().begin(&header, len, self.message_limit, inflater);
                self.complete(out)?;
                Ok(used)
            }
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        let expected = Expected { masked: self.role == Role::Server, compressed: self.inflate_state.is_some() };
        if self.assembler.is_none()
            && let Some(whole) = Header::parse(input, expected)?
        {
            return Ok(Some(whole));
        }
        self.assembler.get_or_insert_default().header(input, expected)
    }

    fn admit(&self, header: &Header) -> Result<usize, Violation> {
        let message = self.assembler.as_ref().and_then(|assembler| assembler.message());
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
        let wire = |limit| if is_compressed { InflateState::wire_limit(limit) } else { limit };
        let left = wire(limit) - message.map_or(0, |message| message.announced());
        let len = usize::try_from(header.len).ok().filter(|len| *len <= left);
        let len = len.ok_or(Violation::too_big("message over the size limit"))?;
        if len > wire(self.frame_limit as usize) {
            return Err(Violation::too_big("frame over the size limit"));
        }
        Ok(len)
    }

    fn complete(&mut self, out: &mut VecDeque<Input>) -> Result<(), Violation> {
        let Some(assembler) = &mut self.assembler else { return Ok(()) };
        if let Some((input, was_compressed)) = assembler.take_complete()? {
            if let Some(inflate_state) = self.inflate_state.as_mut().filter(|_| was_compressed) {
                inflate_state.complete(&input);
            }
            self.deliver(input, out);
        }
        Ok(())
    }

    fn deliver(&mut self, input: Input, out: &mut VecDeque<Input>) {
        self.closed = matches!(input, Input::Close(_));
        // If this is a control frame within a message, the message's beginning is kept.
        if self.closed || self.assembler.as_ref().is_some_and(|assembler| assembler.is_empty()) {
            self.assembler = None;
        }
        out.push_back(input);
    }
}

#[cfg(test)]
mod tests;
