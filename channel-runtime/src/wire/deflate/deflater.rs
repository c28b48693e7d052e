//! Compression of outgoing messages, each by itself, with compressors that the thread keeps.

use std::cell::Cell;

use flate2::{Compress, FlushCompress};

use super::rfc7692::{TAIL, WINDOW_BITS};
use crate::wire::frame::{Frame, FrameBuilder, Opcode, payload};

/// The compressor for one window size, with its level. It takes a quarter of a megabyte; few sizes are in use.
type Slot = Cell<Option<(u8, Compress)>>;

thread_local! {
    /// Out of its slot while it works, and put back, reset, only after a complete message: `Compress::reset` leaves traces of an
    /// incomplete one (an open block, the place of pending output), which would get into another client's message.
    static COMPRESSORS: [Slot; (*WINDOW_BITS.end() - *WINDOW_BITS.start() + 1) as usize] = const { [const { Cell::new(None) }; _] };
}

/// `None` if the result is not shorter.
pub(super) fn deflate(frame: &Frame, window_bits: u8, level: u8) -> Option<Frame> {
    let (opcode, payload) = payload(frame);
    compressed(opcode, payload, FrameBuilder::with_capacity(most(payload.len())), window_bits, level)
}

/// The same of a text that is numbered afterwards, without its `{`.
pub(super) fn deflate_to_be_numbered(frame: &Frame, window_bits: u8, level: u8) -> Option<Frame> {
    let (opcode, payload) = payload(frame);
    let body = payload.get(1..)?;
    compressed(opcode, body, FrameBuilder::to_be_numbered(most(body.len())), window_bits, level)
}

fn compressed(opcode: Opcode, payload: &[u8], mut builder: FrameBuilder, window_bits: u8, level: u8) -> Option<Frame> {
    #[cfg(test)]
    tests::COMPRESSED.set(tests::COMPRESSED.get() + 1);
    // A destructor of the program may send after this thread's compressors were destroyed. Then the frame is sent uncompressed.
    let compressed = COMPRESSORS.try_with(|slots| {
        compress(&slots[usize::from(window_bits - WINDOW_BITS.start())], level, window_bits, payload, &mut builder)
    });
    compressed.ok().flatten()?;
    let written = builder.payload_mut();
    written.truncate(written.len() - TAIL.len());
    if builder.payload_len() >= payload.len() {
        return None;
    }
    // The frame may wait for long, in as many outboxes as it has receivers.
    builder.payload_mut().shrink_to_fit();
    Some(builder.finish_compressed(opcode))
}

/// zlib's `deflateBound`, and the empty block of a flush: with this capacity every message is written completely.
fn most(len: usize) -> usize {
    len + len / 8 + len / 64 + 64
}

fn compress(slot: &Slot, level: u8, window_bits: u8, payload: &[u8], builder: &mut FrameBuilder) -> Option<()> {
    let kept = slot.take().filter(|(of, _)| *of == level);
    let (_, mut compress) = kept.unwrap_or_else(|| {
        let of = flate2::Compression::new(level.into());
        (level, Compress::new_with_window_bits(of, false, window_bits))
    });
    let written = builder.payload_mut();
    compress.compress_vec(payload, written, FlushCompress::Sync).ok()?;
    // If the buffer is full, the compressor may have had more to write.
    let is_whole =
        compress.total_in() == payload.len() as u64 && written.len() < written.capacity() && written.ends_with(&TAIL);
    is_whole.then(|| {
        compress.reset();
        slot.set(Some((level, compress)));
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use flate2::{Decompress, FlushDecompress, Status};

    use super::*;
    use crate::wire::frame::frame;

    thread_local! {
        pub static COMPRESSED: Cell<usize> = const { Cell::new(0) };
    }

    fn inflated(frame: &[u8], window_bits: u8) -> Vec<u8> {
        let (_, payload) = payload(frame);
        let mut text = Vec::with_capacity(1 << 20);
        let mut decompress = Decompress::new_with_window_bits(false, window_bits);
        let input = [payload, &TAIL].concat();
        let status = decompress.decompress_vec(&input, &mut text, FlushDecompress::None).unwrap();
        assert_eq!((status, decompress.total_in()), (Status::Ok, input.len() as u64));
        text
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    #[test]
    fn each_message_stands_alone_and_is_read_with_the_window_it_was_made_for() {
        let text = noise(4000).repeat(2);
        let whole = frame(Opcode::Binary, &text);
        let mut sizes = Vec::new();
        for bits in WINDOW_BITS {
            let first = deflate(&whole, bits, 6);
            assert_eq!(deflate(&whole, bits, 6), first, "the second refers to the first");
            let Some(first) = first else { continue };
            assert_eq!(first[0], 0xC2);
            assert_eq!(inflated(&first, bits), text);
            sizes.push(first.len());
        }
        assert!(sizes.last().unwrap() < &(text.len() * 6 / 10), "{sizes:?}");
    }

    #[test]
    fn what_is_compressed_first_and_numbered_then_reads_as_if_it_was_numbered_first() {
        for len in [20, 300, 70_000] {
            let text = format!(r#"{{"type":"said","text":"{}"}}"#, "some words ".repeat(len / 11));
            let plain = frame(Opcode::Text, text.as_bytes());
            for (bits, number) in [(9, 1), (12, 812), (15, 1 << 53)] {
                let Some(mut compressed) = deflate_to_be_numbered(&plain, bits, 6) else { continue };
                compressed.number_compressed(number);
                assert_eq!(compressed[0], 0xC1);
                let expected = format!(r#"{{"$seq":{number},{}"#, &text[1..]);
                assert_eq!(String::from_utf8(inflated(&compressed, bits)).unwrap(), expected);
            }
        }
    }

    #[test]
    fn what_gets_no_shorter_is_left_as_it_is() {
        for incompressible in [&b""[..], b"a", b"abcdefgh", &noise(300)] {
            assert_eq!(deflate(&frame(Opcode::Text, incompressible), 15, 9), None, "{incompressible:?}");
        }
        let compressed = deflate(&frame(Opcode::Text, &[b'x'; 300]), 15, 9).unwrap();
        assert_eq!(inflated(&compressed, 15), [b'x'; 300]);
    }

    /// What zlib-rs kept of incomplete messages grew, until it panicked at 64 KiB; what a panic left got into the next message.
    #[test]
    fn messages_of_noise_leave_nothing_behind_in_the_compressor() {
        let text = r#"{"type":"moved","x":17,"y":4},"#.repeat(300);
        let plain = frame(Opcode::Text, text.as_bytes());
        let noise = [300, 16_000, 32_000].map(|len| frame(Opcode::Binary, &noise(len)));
        let rounds = |level| {
            for bits in WINDOW_BITS {
                let expected = deflate(&plain, bits, level).unwrap();
                assert_eq!(inflated(&expected, bits), text.as_bytes());
                for noise in &noise {
                    for _ in 0..300 {
                        assert_eq!(deflate(noise, bits, level), None, "window {bits}, level {level}");
                    }
                    assert_eq!(deflate(&plain, bits, level).as_ref(), Some(&expected), "window {bits}, level {level}");
                }
            }
        };
        std::thread::scope(|scope| {
            for level in [1, 3, 9] {
                scope.spawn(move || rounds(level));
            }
        });
    }

    #[test]
    fn a_message_that_does_not_fit_takes_its_compressor_with_it() {
        let text = r#"{"type":"moved","x":17,"y":4},"#.repeat(300);
        let plain = frame(Opcode::Text, text.as_bytes());
        let expected = deflate(&plain, 15, 1).unwrap();
        COMPRESSORS.with(|slots| {
            let slot = &slots[6];
            let mut small = FrameBuilder::with_capacity(1000);
            assert_eq!(compress(slot, 1, 15, &noise(16_000), &mut small), None);
            assert!(slot.take().is_none());
        });
        assert_eq!(deflate(&plain, 15, 1), Some(expected));
    }

    #[test]
    fn another_level_is_another_compressor() {
        let text = r#"{"type":"moved","x":17,"y":4},"#.repeat(300);
        let whole = frame(Opcode::Text, text.as_bytes());
        let (fast, small) = (deflate(&whole, 15, 1).unwrap(), deflate(&whole, 15, 9).unwrap());
        assert!(small.len() < fast.len());
        assert_eq!(deflate(&whole, 15, 1), Some(fast));
    }
}
