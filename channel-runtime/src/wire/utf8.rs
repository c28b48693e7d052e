//! Validation of UTF-8 text in pieces: each byte is checked once, and the first that can't be part of valid UTF-8 is refused.

use std::str;

use super::close::Violation;

/// Complete characters are in a `String` already, so that no second check is needed at the end.
#[derive(Debug, Default)]
pub(super) struct PartialText {
    text: String,
    /// The bytes of an incomplete character: `tail[..tail_len]`, at most three between calls.
    tail: [u8; 4],
    tail_len: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl From<NotUtf8> for Violation {
    fn from(_: NotUtf8) -> Self {
        Self::NOT_UTF8
    }
}

impl PartialText {
    /// The caller may [reserve](Self::reserve_exact) memory before. After an error the text must not be used.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), NotUtf8> {
        while self.tail_len > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return Ok(()) };
            self.push_to_tail(next)?;
            bytes = rest;
        }
        let (whole, open) = bytes.split_at(bytes.len() - open_end(bytes));
        self.text.push_str(str::from_utf8(whole).map_err(|_| NotUtf8)?);
        open.iter().try_for_each(|byte| self.push_to_tail(*byte))
    }

    fn push_to_tail(&mut self, byte: u8) -> Result<(), NotUtf8> {
        let end = usize::from(self.tail_len);
        self.tail[end] = byte;
        match str::from_utf8(&self.tail[..=end]) {
            Ok(char) => {
                self.text.push_str(char);
                self.tail_len = 0;
            }
            Err(error) if error.error_len().is_none() => self.tail_len += 1,
            Err(_) => return Err(NotUtf8),
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, NotUtf8> {
        if self.tail_len == 0 { Ok(self.text) } else { Err(NotUtf8) }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() + usize::from(self.tail_len)
    }

    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    pub(super) fn reserve_exact(&mut self, additional: usize) {
        self.text.reserve_exact(usize::from(self.tail_len) + additional);
    }
}

fn open_end(bytes: &[u8]) -> usize {
    for (at, byte) in bytes.iter().rev().enumerate().take(3) {
        let open = at + 1;
        match byte {
            0x80..=0xBF => continue,
            0xC0..=0xDF if open < 2 => return open,
            0xE0..=0xEF if open < 3 => return open,
            0xF0..=0xFF => return open,
            _ => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first_impossible(bytes: &[u8]) -> Option<usize> {
        let possible = |prefix: &[u8]| {
            let edges = [0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF];
            let completions = std::iter::once(vec![])
                .chain(edges.map(|a| vec![a]))
                .chain(edges.into_iter().flat_map(|a| [vec![a, 0x80], vec![a, 0x80, 0x80]]));
            completions.into_iter().any(|end| str::from_utf8(&[prefix, &end].concat()).is_ok())
        };
        (0..bytes.len()).find(|at| !possible(&bytes[..=*at]))
    }

    fn byte_by_byte(bytes: &[u8]) -> Result<Result<String, NotUtf8>, usize> {
        let mut text = PartialText::default();
        for (at, byte) in bytes.iter().enumerate() {
            text.push(&[*byte]).map_err(|_| at)?;
            assert_eq!(text.len(), at + 1);
        }
        Ok(text.finish())
    }

    #[test]
    fn every_start_of_a_character_is_judged_as_std_judges_it() {
        let edges = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF];
        for first in 0..=0xFF {
            for second in edges {
                for third in edges {
                    let bytes = [first, second, third, 0x80];
                    for len in 1..=bytes.len() {
                        let expected = match first_impossible(&bytes[..len]) {
                            Some(at) => Err(at),
                            None => Ok(String::from_utf8(bytes[..len].to_vec()).map_err(|_| NotUtf8)),
                        };
                        assert_eq!(byte_by_byte(&bytes[..len]), expected, "{:x?}", &bytes[..len]);
                    }
                }
            }
        }
    }

    fn nearly_utf8() -> impl Strategy<Value = Vec<u8>> {
        let broken = proptest::collection::vec(prop_oneof![any::<u8>(), 0x80..=0xFFu8], 0..4);
        ("[a-cäß€한😀\u{10FFFF}]{0,12}", broken, "[aé€😀]{0,4}")
            .prop_map(|(start, broken, end)| [start.into_bytes(), broken, end.into_bytes()].concat())
    }

    proptest! {
        #[test]
        fn pieces_are_judged_as_the_whole(
            bytes in prop_oneof![nearly_utf8(), proptest::collection::vec(any::<u8>(), 0..12)],
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();

            let impossible = first_impossible(&bytes);
            let mut text = PartialText::default();
            for piece in cuts.windows(2) {
                let taken = text.push(&bytes[piece[0]..piece[1]]);
                prop_assert_eq!(taken.is_err(), impossible.is_some_and(|at| at < piece[1]));
                if taken.is_err() {
                    prop_assert!(str::from_utf8(&bytes).is_err());
                    return Ok(());
                }
            }
            prop_assert_eq!(text.finish().ok(), String::from_utf8(bytes).ok());
        }

        #[test]
        fn single_bytes_are_refused_at_the_first_impossible_one(bytes in nearly_utf8()) {
            let expected = match first_impossible(&bytes) {
                Some(at) => Err(at),
                None => Ok(String::from_utf8(bytes.clone()).map_err(|_| NotUtf8)),
            };
            prop_assert_eq!(byte_by_byte(&bytes), expected);
        }
    }
}
