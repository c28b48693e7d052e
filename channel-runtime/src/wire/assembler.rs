//! The beginning of what is incomplete: a header's first bytes, a control frame, a message; and what is still to come.

use super::close::Violation;
use super::deflate::Inflater;
use super::frame::apply_mask;
use super::header::{Expected, Header, Opcode};
use super::input::Input;
use super::utf8::{NotUtf8, PartialText};

/// A frame or a message of which bytes are missing.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// A header's first bytes: `head[..head_len]`.
    head: [u8; Header::MAX],
    head_len: usize,
    /// A control frame whose payload is incomplete.
    control: Option<Control>,
    /// A message whose payload is incomplete, or of which further fragments follow.
    message: Option<Message>,
}

#[derive(Debug)]
struct Control {
    opcode: Opcode,
    payload: Payload,
    bytes: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Message {
    body: Body,
    /// Where the message is compressed.
    inflater: Option<Box<Inflater>>,
    /// The payload of its latest frame.
    payload: Payload,
    /// Whether that frame is its last.
    fin: bool,
    fragments: u32,
    /// The payloads of its frames so far, the one under way included, in bytes.
    announced: usize,
    /// What it can come to, in bytes: its length once that is known, the limit before. No more room is ever made.
    bound: usize,
}

impl Assembler {
    pub(super) fn is_empty(&self) -> bool {
        self.head_len == 0 && self.control.is_none() && self.message.is_none()
    }

    /// The message under way.
    pub(super) fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// The next header and how many bytes of `input` belong to it; `None` if it needs more, and they were all kept.
    pub(super) fn header(&mut self, input: &[u8], expected: Expected) -> Result<Option<(Header, usize)>, Violation> {
        let held = self.head_len;
        let room = &mut self.head[held..];
        let taken = input.len().min(room.len());
        room[..taken].copy_from_slice(&input[..taken]);
        self.head_len += taken;
        let Some((header, size)) = Header::parse(&self.head[..self.head_len], expected)? else { return Ok(None) };
        self.head_len = 0;
        Ok(Some((header, size - held)))
    }

    /// Begins a frame that was admitted; with what inflates it, if it begins a compressed message.
    pub(super) fn begin(&mut self, header: &Header, len: usize, limit: usize, inflater: Option<Box<Inflater>>) {
        let payload = Payload { mask: header.mask.unwrap_or_default(), left: len };
        if header.opcode.is_control() {
            self.control = Some(Control { opcode: header.opcode, payload, bytes: Vec::with_capacity(len) });
            return;
        }
        let message = self.message.get_or_insert_with(|| Message {
            body: if header.opcode == Opcode::Text { Body::Text(PartialText::default()) } else { Body::Binary(vec![]) },
            inflater,
            payload: Payload::default(),
            fin: false,
            fragments: 0,
            announced: 0,
            bound: 0,
        });
        message.payload = payload;
        message.fin = header.fin;
        message.fragments += 1;
        message.announced += len;
        message.bound = if header.fin && message.inflater.is_none() { message.announced } else { limit };
    }

    /// Takes payload for the frame under way and answers how much; `None` if the next thing is a header.
    pub(super) fn fill(&mut self, input: &mut [u8]) -> Result<Option<usize>, Violation> {
        if let Some(control) = &mut self.control {
            let bytes = control.payload.take(input);
            control.bytes.extend_from_slice(bytes);
            return Ok(Some(bytes.len()));
        }
        match &mut self.message {
            Some(Message { payload, body, inflater, bound, .. }) if payload.left > 0 => {
                let bytes = payload.take(input);
                match inflater {
                    None => body.push(bytes, *bound)?,
                    Some(inflater) => inflater.push(bytes, *bound - body.len(), |bytes| body.push(bytes, *bound))?,
                }
                Ok(Some(bytes.len()))
            }
            _ => Ok(None),
        }
    }

    /// The control frame or the message that has all its bytes, and whether it was compressed.
    pub(super) fn take_complete(&mut self) -> Result<Option<(Input, bool)>, Violation> {
        if let Some(control) = &self.control {
            if control.payload.left > 0 {
                return Ok(None);
            }
            let input = Input::read(control.opcode, &control.bytes)?;
            self.control = None;
            return Ok(Some((input, false)));
        }
        let message = self.message.take_if(|message| message.fin && message.payload.left == 0);
        message.map(Message::finish).transpose()
    }

    /// What the bytes of its message and control frame occupy.
    #[cfg(any(test, fuzzing))]
    pub(super) fn capacity(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |message| match &message.body {
            Body::Text(text) => text.capacity(),
            Body::Binary(bytes) => bytes.capacity(),
        });
        message + self.control.as_ref().map_or(0, |control| control.bytes.capacity())
    }
}

impl Message {
    /// The payloads of its frames so far, the one under way included, in bytes.
    pub(super) fn announced(&self) -> usize {
        self.announced
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.inflater.is_some()
    }

    /// Its frames so far, the one under way included.
    pub(super) fn fragments(&self) -> u32 {
        self.fragments
    }

    fn finish(self) -> Result<(Input, bool), Violation> {
        let Self { mut body, inflater, announced, bound, .. } = self;
        let was_compressed = inflater.is_some();
        // Of nothing to flush zlib makes nothing, not the empty block that RFC 7692 asks for, and clients send that.
        if let Some(inflater) = inflater.filter(|_| announced > 0) {
            inflater.finish(bound - body.len(), |bytes| body.push(bytes, bound))?;
        }
        Ok((body.finish()?, was_compressed))
    }
}

/// The payload of a frame under way: what of it is still to come.
#[derive(Debug, Default)]
struct Payload {
    /// Turned so that its first byte is that of the next byte; zero where there is none.
    mask: [u8; 4],
    left: usize,
}

impl Payload {
    /// Unmasks what of the input belongs to the payload, and counts it as taken.
    fn take<'a>(&mut self, input: &'a mut [u8]) -> &'a [u8] {
        let taken = self.left.min(input.len());
        let bytes = &mut input[..taken];
        apply_mask(bytes, self.mask);
        self.mask.rotate_left(taken % 4);
        self.left -= taken;
        bytes
    }
}

/// A message's bytes so far.
#[derive(Debug)]
enum Body {
    Text(PartialText),
    Binary(Vec<u8>),
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, bytes: &[u8], bound: usize) -> Result<(), NotUtf8> {
        match self {
            Self::Text(text) => {
                text.reserve_exact(room(text.len(), text.capacity(), bytes.len(), bound));
                text.push(bytes)
            }
            Self::Binary(held) => {
                held.reserve_exact(room(held.len(), held.capacity(), bytes.len(), bound));
                held.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Input, NotUtf8> {
        Ok(match self {
            Self::Text(text) => Input::Text(text.finish()?),
            Self::Binary(bytes) => Input::Binary(bytes.into()),
        })
    }
}

/// How much room beyond `len` to make for `more` bytes.
///
/// Twice what there is then, so that many small pieces are not moved each time, but no more than the message can come
/// to; and never what a header merely announces: it costs the peer a few bytes to announce megabytes.
fn room(len: usize, capacity: usize, more: usize, bound: usize) -> usize {
    let needed = len + more;
    if needed <= capacity { more } else { (needed * 2).max(64).min(bound) - len }
}
