//! The header of a frame, in both directions (RFC 6455, section 5.2).

use super::close::Violation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
/// The first reserved bit: permessage-deflate's (RFC 7692, section 6).
const COMPRESSED: u8 = 0x40;
const MASKED: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub fin: bool,
    /// Whether the frame begins a compressed message.
    pub compressed: bool,
    pub opcode: Opcode,
    /// The mask of a client's frame. `None` for a server's frame.
    pub mask: Option<[u8; 4]>,
    /// The wire allows 63 bits, which may be more than memory.
    pub len: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// If `false`, the payload must not be masked.
    pub masked: bool,
    pub compressed: bool,
}

impl Header {
    pub(super) const MAX_UNMASKED: usize = 10;
    pub(super) const MAX: usize = Self::MAX_UNMASKED + 4;

    /// `None` while bytes are missing. Checked in order up to the first wrong byte, so that the result does not depend on the cuts.
    pub(super) fn parse(bytes: &[u8], expected: Expected) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let begins_message = matches!(Opcode::from_bits(first & 0x0F), Some(Opcode::Text | Opcode::Binary));
        let compressed = expected.compressed && begins_message && first & COMPRESSED != 0;
        if first & RESERVED & !(u8::from(compressed) * COMPRESSED) != 0 {
            return Err(Violation::protocol("reserved bits are set"));
        }
        let fin = first & FIN != 0;
        let Some(opcode) = Opcode::from_bits(first & 0x0F) else {
            return Err(Violation::protocol("reserved opcode"));
        };
        if opcode.is_control() && !fin {
            return Err(Violation::protocol("fragmented control frame"));
        }

        let Some(&second) = bytes.get(1) else { return Ok(None) };
        match (expected.masked, second & MASKED != 0) {
            (true, false) => return Err(Violation::protocol("frame of a client is not masked")),
            (false, true) => return Err(Violation::protocol("frame of a server is masked")),
            _ => {}
        }
        let short = second & !MASKED;
        if opcode.is_control() && short > 125 {
            return Err(Violation::protocol("control frame over 125 bytes"));
        }

        let (len, at) = match short {
            126 => {
                let Some(&len) = bytes[2..].first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(len)), 4)
            }
            127 => {
                let Some(&len) = bytes[2..].first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(len), 10)
            }
            _ => (u64::from(short), 2),
        };
        if len >> 63 != 0 {
            return Err(Violation::protocol("length over 63 bits"));
        }
        if (short == 126 && len < 126) || (short == 127 && len <= u64::from(u16::MAX)) {
            return Err(Violation::protocol("length is not in its shortest form"));
        }
        if !expected.masked {
            return Ok(Some((Self { fin, compressed, opcode, mask: None, len }, at)));
        }

        let Some(&mask) = bytes[at..].first_chunk() else { return Ok(None) };
        Ok(Some((Self { fin, compressed, opcode, mask: Some(mask), len }, at + mask.len())))
    }

    pub(super) fn encode(&self) -> ([u8; Self::MAX], usize) {
        let mut bytes = [0; Self::MAX];
        bytes[0] = (u8::from(self.fin) * FIN) | (u8::from(self.compressed) * COMPRESSED) | self.opcode as u8;
        let mut at = match self.len {
            0..=125 => {
                bytes[1] = self.len as u8;
                2
            }
            126..=0xFFFF => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&(self.len as u16).to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..10].copy_from_slice(&self.len.to_be_bytes());
                10
            }
        };
        if let Some(mask) = self.mask {
            bytes[1] |= MASKED;
            bytes[at..at + 4].copy_from_slice(&mask);
            at += 4;
        }
        (bytes, at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(
            fin: bool,
            compressed: bool,
            bits in 0..=0xAu8,
            mask: Option<[u8; 4]>,
            len in prop_oneof![0..300u64, 65_530..65_540u64, 0..1u64 << 63],
        ) {
            let Some(opcode) = Opcode::from_bits(bits) else { return Ok(()) };
            let compressed = compressed && matches!(opcode, Opcode::Text | Opcode::Binary);
            let header = match opcode.is_control() {
                true => Header { fin: true, compressed, opcode, mask, len: len % 126 },
                false => Header { fin, compressed, opcode, mask, len },
            };
            let expected = Expected { masked: mask.is_some(), compressed: true };
            let (bytes, size) = header.encode();
            for cut in 0..size {
                prop_assert_eq!(Header::parse(&bytes[..cut], expected), Ok(None));
            }
            prop_assert_eq!(Header::parse(&bytes, expected), Ok(Some((header, size))));
        }
    }

    #[test]
    fn each_fault_is_refused_at_the_byte_that_makes_it() {
        let cases: &[(&str, &[u8])] = &[
            ("reserved bits are set", &[0xC1]),
            ("reserved bits are set", &[0xA1]),
            ("reserved bits are set", &[0x91]),
            ("reserved opcode", &[0x83]),
            ("reserved opcode", &[0x87]),
            ("reserved opcode", &[0x8B]),
            ("reserved opcode", &[0x0F]),
            ("fragmented control frame", &[0x08]),
            ("fragmented control frame", &[0x09]),
            ("fragmented control frame", &[0x0A]),
            ("frame of a client is not masked", &[0x81, 0x05]),
            ("control frame over 125 bytes", &[0x88, 0xFE]),
            ("control frame over 125 bytes", &[0x89, 0xFF]),
            ("length is not in its shortest form", &[0x82, 0xFE, 0, 125]),
            ("length is not in its shortest form", &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
            ("length over 63 bits", &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ];
        let from_client = Expected { masked: true, compressed: false };
        for (reason, bytes) in cases {
            let (last, before) = bytes.split_last().unwrap();
            assert_eq!(Header::parse(before, from_client), Ok(None), "{reason}: before {last:#x}");
            assert_eq!(Header::parse(bytes, from_client), Err(Violation::protocol(reason)));
        }
        let masked = Header::parse(&[0x81, 0x85], Expected { masked: false, compressed: false });
        assert_eq!(masked, Err(Violation::protocol("frame of a server is masked")));
    }

    #[test]
    fn the_first_reserved_bit_stands_where_a_compressed_message_begins() {
        let expected = Expected { masked: true, compressed: true };
        for first in [0xC1, 0x41, 0xC2, 0x42] {
            assert_eq!(Header::parse(&[first], expected), Ok(None), "{first:#x}");
        }
        // The first bit means nothing on continuations, control frames and unknown opcodes; the other two bits never mean anything.
        for first in [0xC0, 0x40, 0xC8, 0xC9, 0xCA, 0xC3, 0xCB, 0xE1, 0xD1, 0xF1, 0xA1, 0x91] {
            let refused = Err(Violation::protocol("reserved bits are set"));
            assert_eq!(Header::parse(&[first], expected), refused, "{first:#x}");
        }
    }
}
