//! Reassembly of incomplete input: the first bytes of a header, a control frame, or a message in several fragments.

use super::close::Violation;
use super::deflate::Inflater;
use super::frame::apply_mask;
use super::header::{Expected, Header, Opcode};
use super::input::Input;
use super::utf8::{NotUtf8, PartialText};

#[derive(Debug, Default)]
pub(super) struct Assembler {
    head: [u8; Header::MAX],
    head_len: usize,
    control: Option<Control>,
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
    inflater: Option<Box<Inflater>>,
    payload: Payload,
    fin: bool,
    fragments: u32,
    /// The payloads of all frames so far, including the current one, in bytes.
    announced: usize,
    /// The most bytes that the message can have: its length if that is known, or else the limit. No more memory is reserved.
    bound: usize,
}

impl Assembler {
    pub(super) fn is_empty(&self) -> bool {
        self.head_len == 0 && self.control.is_none() && self.message.is_none()
    }

    pub(super) fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// The next header, and how many bytes of `input` belong to it. `None` if bytes are missing; then all of `input` is kept.
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

    /// Takes payload of the current frame. Returns the number of bytes taken, or `None` if a header is next.
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
    pub(super) fn announced(&self) -> usize {
        self.announced
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.inflater.is_some()
    }

    pub(super) fn fragments(&self) -> u32 {
        self.fragments
    }

    fn finish(self) -> Result<(Input, bool), Violation> {
        let Self { mut body, inflater, announced, bound, .. } = self;
        let was_compressed = inflater.is_some();
        // If there is nothing to flush, zlib writes nothing, although RFC 7692 asks for an empty block. Clients send that.
        if let Some(inflater) = inflater.filter(|_| announced > 0) {
            inflater.finish(bound - body.len(), |bytes| body.push(bytes, bound))?;
        }
        Ok((body.finish()?, was_compressed))
    }
}

#[derive(Debug, Default)]
struct Payload {
    /// Rotated so that its first byte belongs to the next byte of payload. Zero for a frame without a mask.
    mask: [u8; 4],
    left: usize,
}

impl Payload {
    fn take<'a>(&mut self, input: &'a mut [u8]) -> &'a [u8] {
        let taken = self.left.min(input.len());
        let bytes = &mut input[..taken];
        apply_mask(bytes, self.mask);
        self.mask.rotate_left(taken % 4);
        self.left -= taken;
        bytes
    }
}

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

/// Doubles up to `bound`, so that pieces are not moved each time. A header alone reserves nothing, because it may announce much.
fn room(len: usize, capacity: usize, more: usize, bound: usize) -> usize {
    let needed = len + more;
    if needed <= capacity { more } else { (needed * 2).max(64).min(bound) - len }
}
