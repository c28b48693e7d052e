//! One message in each form that its receivers read: plain, and compressed for each window size.

use super::deflater::deflate;
use super::{Agreed, Compression, Windows};
use crate::wire::frame::{Compressed, Frame, payload};

pub(crate) struct PreparedFrame {
    plain: Frame,
    /// By window size: one frame, unless clients ask for a smaller window than the app's and the message is longer than that.
    compressed: Vec<(u8, Frame)>,
    widest: u8,
}

impl PreparedFrame {
    pub fn plain(frame: Frame) -> Self {
        Self { plain: frame, compressed: Vec::new(), widest: 0 }
    }

    /// A frame for receivers with these windows. This compresses, so it must not be called under a contended lock.
    pub fn new(frame: Frame, windows: Windows, compression: &Compression) -> Self {
        let mut variants = Self::plain(frame);
        if !windows.is_empty() {
            variants.compress(windows, &compression.in_range());
        }
        variants
    }

    fn compress(&mut self, windows: Windows, compression: &Compression) {
        let len = payload(&self.plain).1.len();
        if len < compression.min_bytes {
            return;
        }
        self.widest = compression.window_bits;
        // The sizes ascend, so receivers of the same frame are adjacent.
        let mut last = None;
        for bits in windows.iter().map(|receivers| self.made_for(receivers)).collect::<Vec<_>>() {
            if last.replace(bits) != Some(bits) {
                self.compressed.extend(deflate(&self.plain, bits, compression.level).map(|frame| (bits, frame)));
            }
        }
    }

    /// The window size of the frame that receivers with this window can read. No message refers further back than its own length.
    fn made_for(&self, bits: u8) -> u8 {
        if self.plain.len() <= 1 << bits { self.widest } else { bits }
    }

    pub fn of(&self, agreed: Option<Agreed>) -> &Frame {
        let Some(agreed) = agreed.filter(|_| !self.compressed.is_empty()) else { return &self.plain };
        let bits = self.made_for(agreed.server_bits);
        self.compressed.iter().find(|(of, _)| *of == bits).map_or(&self.plain, |(_, frame)| frame)
    }

    pub fn into_one(self, agreed: Option<Agreed>) -> Frame {
        if self.compressed.is_empty() { self.plain } else { self.of(agreed).clone() }
    }

    /// The plain frame, and the one for the widest window, if it was made.
    pub fn forms(&self) -> (Frame, Option<Compressed<Frame>>) {
        let widest = self.compressed.iter().find(|(bits, _)| *bits == self.widest);
        (self.plain.clone(), widest.map(|(bits, frame)| Compressed { bits: *bits, payload: frame.clone() }))
    }

    pub fn len(&self) -> usize {
        self.plain.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::COMPRESSED;
    use super::*;
    use crate::wire::frame::{Opcode, frame};

    fn agreed(server_bits: u8) -> Option<Agreed> {
        Some(Agreed { server_bits, client_context: None })
    }

    fn variants(payload: &[u8], compression: Compression, receivers: &[u8]) -> (PreparedFrame, usize) {
        let windows = Windows::of(receivers.iter().map(|bits| agreed(*bits)));
        let before = COMPRESSED.get();
        let variants = PreparedFrame::new(frame(Opcode::Text, payload), windows, &compression);
        (variants, COMPRESSED.get() - before)
    }

    #[test]
    fn receivers_with_the_same_window_share_one_compressed_frame() {
        let long = "some words ".repeat(4000);
        let (variants, times) = variants(long.as_bytes(), Compression::default(), &[15, 15, 9, 12, 9]);
        assert_eq!(times, 3);
        let frames = [15, 12, 9].map(|bits| variants.of(agreed(bits)).clone());
        assert!(frames.iter().all(|frame| frame[0] == 0xC1 && frame.len() < long.len() / 2));
        assert_eq!(variants.of(agreed(9)).as_ptr(), frames[2].as_ptr());
        for other in [None, agreed(10)] {
            assert_eq!(variants.of(other)[..], frame(Opcode::Text, long.as_bytes())[..]);
        }
    }

    #[test]
    fn what_fits_into_every_window_is_compressed_once_for_all() {
        let (variants, times) = variants("some words ".repeat(40).as_bytes(), Compression::default(), &[9, 10, 15]);
        assert_eq!(times, 1);
        let frame = variants.of(agreed(9));
        assert_eq!(frame[0], 0xC1);
        assert!([10, 15].iter().all(|bits| variants.of(agreed(*bits)).as_ptr() == frame.as_ptr()));
    }

    #[test]
    fn nothing_is_compressed_that_is_short_or_that_nobody_reads() {
        let compression = Compression::default().min_bytes(100);
        let text = "x".repeat(100);
        for (text, receivers, expected) in
            [(&text[..99], &[15][..], (0, 0x81)), (&text, &[], (0, 0x81)), (&text, &[15], (1, 0xC1))]
        {
            let (variants, times) = variants(text.as_bytes(), compression, receivers);
            assert_eq!((times, variants.of(agreed(15))[0]), expected);
        }
    }

    #[test]
    fn what_compression_makes_no_shorter_is_tried_once_and_sent_as_it_is() {
        let compression = Compression::default().min_bytes(0);
        let (variants, times) = variants(b"abc", compression, &[9, 12, 15]);
        assert_eq!(times, 1);
        assert_eq!(variants.of(agreed(12))[..], *b"\x81\x03abc");
    }
}
