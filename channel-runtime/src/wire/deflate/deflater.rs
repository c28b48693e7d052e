//! Our messages, compressed: each by itself, with the compressors of the thread.

use std::cell::RefCell;

use flate2::{Compress, FlushCompress};

use super::{TAIL, WINDOW_BITS, payload};
use crate::wire::frame::{Frame, FrameBuilder};

/// A thread's compressor for each size of window, once it was needed, with its level. Each takes a quarter of a megabyte, and
/// few sizes are asked for: most clients have no wish.
type Compressors = [Option<(u8, Compress)>; (*WINDOW_BITS.end() - *WINDOW_BITS.start() + 1) as usize];

/// A frame with the message of `frame` compressed; nothing where that is no shorter.
pub(super) fn deflate(frame: &Frame, window_bits: u8, level: u8) -> Option<Frame> {
    thread_local! {
        static COMPRESSORS: RefCell<Compressors> = const { RefCell::new([const { None }; _]) };
    }
    #[cfg(test)]
    tests::COMPRESSED.set(tests::COMPRESSED.get() + 1);
    let (opcode, payload) = payload(frame);
    // No more room than the message itself takes: what does not fit is no shorter.
    let mut builder = FrameBuilder::with_capacity(payload.len());
    let is_sound = COMPRESSORS.with_borrow_mut(|compressors| {
        let slot = &mut compressors[usize::from(window_bits - WINDOW_BITS.start())];
        // Apps of one process may differ.
        if slot.as_ref().is_some_and(|(of, _)| *of != level) {
            *slot = None;
        }
        let (_, compress) = slot.get_or_insert_with(|| {
            let compress = Compress::new_with_window_bits(flate2::Compression::new(level.into()), false, window_bits);
            (level, compress)
        });
        let status = compress.compress_vec(payload, builder.payload_mut(), FlushCompress::Sync);
        compress.reset();
        status.is_ok()
    });
    let written = builder.payload_mut();
    // Full, it may have had more to write.
    if !is_sound || written.len() == written.capacity() || !written.ends_with(&TAIL) {
        return None;
    }
    written.truncate(written.len() - TAIL.len());
    // It may wait for long, in as many outboxes as it has receivers.
    written.shrink_to_fit();
    Some(builder.finish_compressed(opcode))
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use flate2::{Decompress, FlushDecompress, Status};

    use super::*;
    use crate::wire::frame::{Opcode, frame};

    thread_local! {
        /// How many messages this thread has compressed.
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

    /// Frame without any order (xorshift).
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
        // It repeats itself so far back that a small window does not see it.
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
    fn what_gets_no_shorter_is_left_as_it_is() {
        for incompressible in [&b""[..], b"a", b"abcdefgh", &noise(300)] {
            assert_eq!(deflate(&frame(Opcode::Text, incompressible), 15, 9), None, "{incompressible:?}");
        }
        // Also after it had no room to end in.
        let compressed = deflate(&frame(Opcode::Text, &[b'x'; 300]), 15, 9).unwrap();
        assert_eq!(inflated(&compressed, 15), [b'x'; 300]);
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
