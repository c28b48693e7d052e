//! Outgoing frames: each is encoded once, and shared by all its receivers.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::Arc;

use super::close::{Close, CloseCode, ClosedBy};
pub(crate) use super::header::Opcode;
use super::header::{Expected, Header};

const MAX_CONTROL: usize = 125;

/// Of a number's head: `{"$seq":`, sixteen digits and a comma.
pub(super) const MOST_HEAD: usize = 25;

/// In front of a compressed head: a DEFLATE block that is stored as it is, and not the last.
pub(super) const STORED: usize = 5;

/// The space in front of a message that may get a number, with that for the frame's header.
const NUMBERED_SPACE: usize = Header::MAX_UNMASKED + STORED + MOST_HEAD;

/// Clones share the bytes. As small as a pointer, because many frames may be in many queues.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Arc<Sealed>);

impl Frame {
    pub(crate) fn copied<const N: usize>(parts: [&[u8]; N]) -> Self {
        // Cheaper than `concat`, which counts and checks the length once more.
        let mut buffer = Vec::with_capacity(len_of(parts));
        for part in parts {
            buffer.extend_from_slice(part);
        }
        Self(Arc::new(Sealed { buffer, start: 0 }))
    }

    /// Appends another frame, unless this one is shared or would exceed `limit` bytes. Returns whether it did.
    pub(crate) fn extend<const N: usize>(&mut self, parts: [&[u8]; N], limit: usize) -> bool {
        let fits = self.len() + len_of(parts) <= limit;
        let Some(Sealed { buffer, start }) = Arc::get_mut(&mut self.0).filter(|_| fits) else { return false };
        buffer.reserve_exact((limit + *start).saturating_sub(buffer.len()));
        for part in parts {
            buffer.extend_from_slice(part);
        }
        true
    }
}

impl Frame {
    /// What all its clones together take of memory.
    pub(crate) fn allocated(&self) -> usize {
        // With the counts of who shares it.
        2 * size_of::<usize>() + size_of::<Sealed>() + self.0.buffer.capacity()
    }

    /// In front of what stands from `body` on, and a new header in front of that.
    pub(super) fn put_in_front(&mut self, body: usize, head: &[u8], compressed: bool) {
        let len = self.len() - body + head.len();
        let (header, size) =
            Header { fin: true, compressed, opcode: Opcode::Text, mask: None, len: len as u64 }.encode();
        let header = &header[..size];
        match Arc::get_mut(&mut self.0) {
            Some(Sealed { buffer, start }) if *start + body >= head.len() + size => {
                let body = *start + body;
                let first = body - head.len();
                buffer[first..body].copy_from_slice(head);
                buffer[first - size..first].copy_from_slice(header);
                *start = first - size;
            }
            _ => *self = Self::copied([header, head, &self[body..]]),
        }
    }
}

/// The payload of a whole frame of ours, plain or compressed.
pub(crate) fn payload(frame: &[u8]) -> (Opcode, &[u8]) {
    let header = Header::parse(frame, Expected { masked: false, compressed: true });
    let (header, size) = header.ok().flatten().expect("our own frames are well formed");
    (header.opcode, &frame[size..])
}

/// A message as it was compressed, for clients whose window is as large, or larger than the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compressed<P> {
    /// The window's size, as a power of two from 9 to 15.
    pub bits: u8,
    /// A whole frame if it is a [`Frame`], without its header if it is a slice.
    pub payload: P,
}

pub(crate) fn len_of<const N: usize>(parts: [&[u8]; N]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

#[derive(Debug)]
struct Sealed {
    buffer: Vec<u8>,
    /// Bytes before it are space that the header did not need.
    start: usize,
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.buffer[self.0.start..]
    }
}

#[cfg(test)]
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A payload with space in front for the frame's header, so that JSON is written once, directly into the frame.
pub(crate) struct FrameBuilder {
    /// `space` bytes, then the payload.
    buffer: Vec<u8>,
    space: usize,
}

impl FrameBuilder {
    pub(crate) fn new() -> Self {
        Self::with_capacity(256 - Header::MAX_UNMASKED)
    }

    pub(crate) fn with_capacity(payload: usize) -> Self {
        Self::with_space(Header::MAX_UNMASKED, payload)
    }

    /// With the space for a number, too.
    #[cfg(any(test, feature = "deflate"))]
    pub(crate) fn to_be_numbered(payload: usize) -> Self {
        Self::with_space(NUMBERED_SPACE, payload)
    }

    fn with_space(space: usize, payload: usize) -> Self {
        let mut buffer = Vec::with_capacity(space + payload);
        buffer.resize(space, 0);
        Self { buffer, space }
    }

    /// A frame in the thread's spare buffer. It is meant to be [copied](Self::whole) and then [given back](Self::give_back).
    pub(crate) fn spare() -> Self {
        Self::spare_with::<{ Header::MAX_UNMASKED }>()
    }

    /// The same with the space for a number, meant to be [finished](Self::finish_exactly): a message that may be kept for long takes no
    /// more memory than it needs.
    pub(crate) fn spare_to_be_numbered() -> Self {
        Self::spare_with::<NUMBERED_SPACE>()
    }

    fn spare_with<const SPACE: usize>() -> Self {
        // A destructor of the program may send after this thread's buffer was destroyed.
        let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(&[0; SPACE]);
        Self { buffer, space: SPACE }
    }

    pub(crate) fn finish_exactly(mut self, opcode: Opcode) -> Frame {
        let start = self.write_header(opcode, false);
        let frame = Frame(Arc::new(Sealed { buffer: self.buffer.as_slice().into(), start }));
        self.give_back();
        frame
    }

    pub(crate) fn give_back(self) {
        let _ = SPARE.try_with(|spare| spare.set(self.buffer));
    }

    pub(crate) fn payload_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(crate) fn payload_len(&self) -> usize {
        self.buffer.len() - self.space
    }

    pub(crate) fn finish(self, opcode: Opcode) -> Frame {
        self.seal(opcode, false)
    }

    #[cfg(feature = "deflate")]
    pub(super) fn finish_compressed(self, opcode: Opcode) -> Frame {
        self.seal(opcode, true)
    }

    pub(crate) fn whole(&mut self, opcode: Opcode) -> &[u8] {
        let start = self.write_header(opcode, false);
        &self.buffer[start..]
    }

    fn seal(mut self, opcode: Opcode, compressed: bool) -> Frame {
        let start = self.write_header(opcode, compressed);
        Frame(Arc::new(Sealed { buffer: self.buffer, start }))
    }

    fn write_header(&mut self, opcode: Opcode, compressed: bool) -> usize {
        let len = self.payload_len();
        debug_assert!(!opcode.is_control() || len <= MAX_CONTROL, "a control frame of {len} bytes");
        let (header, size) = Header { fin: true, compressed, opcode, mask: None, len: len as u64 }.encode();
        let start = self.space - size;
        self.buffer[start..self.space].copy_from_slice(&header[..size]);
        start
    }
}

/// The payload of a control frame has at most 125 bytes.
pub(crate) fn frame(opcode: Opcode, payload: &[u8]) -> Frame {
    let mut builder = FrameBuilder::with_capacity(payload.len());
    builder.payload_mut().extend_from_slice(payload);
    builder.finish(opcode)
}

/// A frame of a payload that is compressed already.
#[cfg(feature = "deflate")]
pub(super) fn compressed_frame(opcode: Opcode, payload: &[u8]) -> Frame {
    let mut builder = FrameBuilder::with_capacity(payload.len());
    builder.payload_mut().extend_from_slice(payload);
    builder.finish_compressed(opcode)
}

/// Of a Close, in bytes.
const MAX_REASON: usize = MAX_CONTROL - size_of::<u16>();

/// A reason over 123 bytes is cut at a character.
pub(crate) fn close_frame(code: CloseCode, reason: &str) -> Frame {
    let code = code.as_u16().to_be_bytes();
    let reason = &reason[..reason.floor_char_boundary(MAX_REASON)];
    let mut builder = FrameBuilder::with_capacity(code.len() + reason.len());
    builder.payload_mut().extend_from_slice(&code);
    builder.payload_mut().extend_from_slice(reason.as_bytes());
    builder.finish(Opcode::Close)
}

/// The header of a server's text frame, at the front of the array, and its length; `len` is the payload's.
pub(crate) fn text_header(len: usize) -> ([u8; Header::MAX], usize) {
    Header { fin: true, compressed: false, opcode: Opcode::Text, mask: None, len: len as u64 }.encode()
}

/// This end's Close frame: a client's own code without its reason. `None` if the client ended its half of the stream without one.
pub(crate) fn close_reply(close: &Close) -> Option<Frame> {
    let reason = match close.moved_to() {
        _ if close.by == ClosedBy::Client => "",
        // Cut, it would be another path.
        Some(path) if path.len() > MAX_REASON => "moved",
        _ => &close.reason,
    };
    (close.by != ClosedBy::Lost).then(|| close_frame(close.code.unwrap_or(CloseCode::NORMAL), reason))
}

pub(crate) fn masked_frame(opcode: Opcode, fin: bool, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let (header, size) =
        Header { fin, compressed: false, opcode, mask: Some(mask), len: payload.len() as u64 }.encode();
    let mut frame = Vec::with_capacity(size + payload.len());
    frame.extend_from_slice(&header[..size]);
    frame.extend_from_slice(payload);
    apply_mask(&mut frame[size..], mask);
    frame
}

pub(super) fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6455, section 5.7.
    #[test]
    fn frames_are_those_of_the_rfc() {
        assert_eq!(frame(Opcode::Text, b"Hello")[..], *b"\x81\x05Hello");
        assert_eq!(frame(Opcode::Ping, b"Hello")[..], *b"\x89\x05Hello");
        assert_eq!(
            masked_frame(Opcode::Text, true, b"Hello", [0x37, 0xfa, 0x21, 0x3d]),
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        assert_eq!(
            masked_frame(Opcode::Pong, true, b"Hello", [0x37, 0xfa, 0x21, 0x3d]),
            [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        assert_eq!(frame(Opcode::Binary, &[7; 256])[..], [&[0x82, 0x7E, 0x01, 0x00][..], &[7; 256]].concat());
        assert_eq!(
            frame(Opcode::Binary, &[7; 65536])[..],
            [&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65536]].concat()
        );
        assert_eq!(masked_frame(Opcode::Text, false, b"", [1, 2, 3, 4]), [0x01, 0x80, 1, 2, 3, 4]);
    }

    #[test]
    fn a_length_takes_its_shortest_form() {
        for (len, header) in [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)] {
            assert_eq!(frame(Opcode::Binary, &vec![0; len]).len(), header + len);
        }
    }

    #[test]
    fn what_was_written_is_not_copied() {
        for len in [0, 5, 126, 65536] {
            let mut builder = FrameBuilder::with_capacity(len);
            let start = builder.payload_mut().as_ptr().addr() + builder.payload_mut().len();
            builder.payload_mut().resize(Header::MAX_UNMASKED + len, b'x');
            let frame = builder.finish(Opcode::Text);
            let header = frame.len() - len;
            assert_eq!(frame.as_ptr().addr() + header, start);
            assert!(frame[header..].iter().all(|byte| *byte == b'x'));
        }
    }

    #[test]
    fn a_close_frame_carries_code_and_reason() {
        assert_eq!(close_frame(CloseCode::GOING_AWAY, "bye")[..], *b"\x88\x05\x03\xe9bye");
        assert_eq!(close_frame(CloseCode::NORMAL, "")[..], *b"\x88\x02\x03\xe8");
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        for (reason, left) in [("x".repeat(123), 123), ("x".repeat(124), 123), ("€".repeat(50), 123)] {
            assert_eq!(close_frame(CloseCode::NORMAL, &reason).len(), 4 + left);
        }
        let cut = close_frame(CloseCode::NORMAL, &format!("x{}", "😀".repeat(40)));
        assert_eq!(std::str::from_utf8(&cut[4..]).unwrap(), format!("x{}", "😀".repeat(30)));
    }

    proptest! {
        #[test]
        fn masking_is_that_of_the_rfc(bytes in proptest::collection::vec(any::<u8>(), 0..70), mask: [u8; 4]) {
            let expected: Vec<u8> = bytes.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]).collect();
            let mut masked = bytes;
            apply_mask(&mut masked, mask);
            prop_assert_eq!(masked, expected);
        }
    }
}
