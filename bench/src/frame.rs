//! Frames (RFC 6455, section 5) as a client writes and reads them.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode(u8);

impl Opcode {
    /// A message's next piece.
    pub const CONTINUATION: Self = Self(0);
    /// A text message, or its first piece.
    pub const TEXT: Self = Self(1);
    /// A binary message, or its first piece.
    pub const BINARY: Self = Self(2);
    /// The end.
    pub const CLOSE: Self = Self(8);
    /// A question whether anybody is there.
    pub const PING: Self = Self(9);
    /// The answer to it.
    pub const PONG: Self = Self(10);
}

/// The longest frame that is taken: 16 MiB.
const LONGEST: usize = 16 << 20;

/// Appends a masked frame. The key changes from frame to frame, and nobody has to be unable to guess it here.
pub fn write(out: &mut Vec<u8>, opcode: Opcode, data: &[u8], key: u32) {
    const FINAL: u8 = 0x80;
    const MASKED: u8 = 0x80;
    out.push(FINAL | opcode.0);
    match data.len() {
        length @ ..126 => out.push(MASKED | length as u8),
        length @ ..0x1_0000 => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let key = key.to_ne_bytes();
    out.extend_from_slice(&key);
    let body = out.len();
    out.extend_from_slice(data);
    for part in out[body..].chunks_mut(key.len()) {
        part.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    }
}

/// A frame of the server's.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Whether no continuation follows.
    pub is_final: bool,
    /// Whether its message is compressed (RFC 7692).
    pub is_compressed: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Its payload.
    pub data: &'a [u8],
    /// Its whole length, in bytes.
    pub length: usize,
}

/// What no server may send.
#[derive(Debug)]
pub struct Malformed;

/// The first frame, once it is whole, for a client that has not agreed on compression.
pub fn read(input: &[u8]) -> Result<Option<Frame<'_>>, Malformed> {
    match read_either(input)? {
        Some(frame) if frame.is_compressed => Err(Malformed),
        frame => Ok(frame),
    }
}

/// The first frame, once it is whole, compressed or not.
pub fn read_either(input: &[u8]) -> Result<Option<Frame<'_>>, Malformed> {
    let &[first, second, ..] = input else { return Ok(None) };
    let (reserved, masked) = (first & 0x30, second & 0x80);
    if reserved != 0 || masked != 0 {
        return Err(Malformed);
    }
    let (head, length) = match (second, &input[2..]) {
        (126, &[a, b, ..]) => (4, u16::from_be_bytes([a, b]).into()),
        (127, &[a, b, c, d, e, f, g, h, ..]) => (10, u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize),
        (126 | 127, _) => return Ok(None),
        (length, _) => (2, length.into()),
    };
    if length > LONGEST {
        return Err(Malformed);
    }
    let length = head + length;
    let Some(data) = input.get(head..length) else { return Ok(None) };
    let (is_final, is_compressed) = (first & 0x80 != 0, first & 0x40 != 0);
    Ok(Some(Frame { is_final, is_compressed, opcode: Opcode(first & 0x0f), data, length }))
}
