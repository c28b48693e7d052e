//! One message in each form that its receivers read: plain, and compressed for each window size.

use super::deflater::{deflate, deflate_to_be_numbered};
use super::{Agreed, Compression, Windows};
use crate::wire::frame::{Compressed, Frame, compressed_frame, payload};

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
        let compression = compression.in_range();
        let mut variants = Self { widest: compression.window_bits, ..Self::plain(frame) };
        if !windows.is_empty() && payload(&variants.plain).1.len() >= compression.min_bytes {
            variants.add(windows, |plain, bits| deflate(plain, bits, compression.level));
        }
        variants
    }

    /// The same for a frame that is [numbered](Self::number) afterwards.
    pub fn to_be_numbered(frame: Frame, windows: Windows, compression: &Compression) -> Self {
        let compression = compression.in_range();
        let mut variants = Self { widest: compression.window_bits, ..Self::plain(frame) };
        if !windows.is_empty() && payload(&variants.plain).1.len() >= compression.min_bytes {
            variants.add(windows, |plain, bits| deflate_to_be_numbered(plain, bits, compression.level));
        }
        variants
    }

    /// Gives a text its number in its room, in each form. It was made to be numbered.
    pub fn number(&mut self, number: u64) {
        self.plain.number(number);
        for (_, compressed) in &mut self.compressed {
            compressed.number_compressed(number);
        }
    }

    /// A frame that came with its compressed form. This compresses, as [`new`](Self::new) does, for receivers with a window that is
    /// too small for that, and for no others.
    pub fn received(frame: Frame, compressed: Compressed<&[u8]>, windows: Windows, compression: &Compression) -> Self {
        let level = compression.in_range().level;
        let mut variants = Self { widest: compressed.bits, ..Self::plain(frame) };
        variants.add(windows, |plain, bits| match bits == compressed.bits {
            true => Some(compressed_frame(payload(plain).0, compressed.payload)),
            false => deflate(plain, bits, level),
        });
        variants
    }

    /// Makes one frame for each size that the receivers need. `make` returns `None` if it would not be shorter.
    fn add(&mut self, windows: Windows, make: impl Fn(&Frame, u8) -> Option<Frame>) {
        // The sizes ascend, so receivers of the same frame are adjacent.
        let mut sizes: Vec<_> = windows.iter().map(|receivers| self.made_for(receivers)).collect();
        sizes.dedup();
        self.compressed = sizes.into_iter().filter_map(|bits| Some((bits, make(&self.plain, bits)?))).collect();
    }

    /// The window size of the frame that receivers with this window can read. No message refers further back than its own length.
    fn made_for(&self, bits: u8) -> u8 {
        if bits >= self.widest || self.plain.len() <= 1 << bits { self.widest } else { bits }
    }

    pub fn of(&self, agreed: Option<Agreed>) -> &Frame {
        let Some(agreed) = agreed.filter(|_| !self.compressed.is_empty()) else { return &self.plain };
        let bits = self.made_for(agreed.server_bits);
        self.compressed.iter().find(|(of, _)| *of == bits).map_or(&self.plain, |(_, frame)| frame)
    }

    pub fn plain_form(&self) -> &Frame {
        &self.plain
    }

    /// The plain frame alone.
    pub fn without_forms(&self) -> Self {
        Self::plain(self.plain.clone())
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
    fn what_came_compressed_is_compressed_again_for_small_windows_alone() {
        let receivers = |bits: &[u8]| Windows::of(bits.iter().map(|bits| agreed(*bits)));
        let received = |plain: &Frame, bits, windows: &[u8]| {
            let compressed = Compressed { bits, payload: &b"as it came"[..] };
            let before = COMPRESSED.get();
            let variants =
                PreparedFrame::received(plain.clone(), compressed, receivers(windows), &Compression::default());
            (variants, COMPRESSED.get() - before)
        };
        let came = frame(Opcode::Text, b"as it came");
        let came = [&[0xC1], &came[1..]].concat();
        let long = frame(Opcode::Text, "some words ".repeat(1000).as_bytes());
        let (variants, times) = received(&long, 12, &[9, 11, 12, 15]);
        assert_eq!(times, 2);
        assert!([12, 15].iter().all(|bits| variants.of(agreed(*bits))[..] == came));
        for (bits, other) in [(9, 11), (11, 9)] {
            let frame = variants.of(agreed(bits));
            assert!(frame[0] == 0xC1 && frame.len() < long.len() / 2 && frame[..] != came);
            assert_ne!(frame.as_ptr(), variants.of(agreed(other)).as_ptr());
        }
        assert_eq!(variants.of(None)[..], long[..]);

        let (variants, times) = received(&long, 15, &[9]);
        assert_eq!((times, variants.of(agreed(15)).as_ptr()), (1, long.as_ptr()), "nobody is there to read it");

        let short = frame(Opcode::Text, &b"x".repeat(508));
        let (variants, times) = received(&short, 15, &[9, 15]);
        assert!(times == 0 && variants.of(agreed(9))[..] == came, "it refers no further back than it is long");

        let (variants, times) = received(&short, 15, &[]);
        assert!(times == 0 && variants.compressed.is_empty());
    }

    #[test]
    fn what_compression_makes_no_shorter_is_tried_once_and_sent_as_it_is() {
        let compression = Compression::default().min_bytes(0);
        let (variants, times) = variants(b"abc", compression, &[9, 12, 15]);
        assert_eq!(times, 1);
        assert_eq!(variants.of(agreed(12))[..], *b"\x81\x03abc");
    }
}
