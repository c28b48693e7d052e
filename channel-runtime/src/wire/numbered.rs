//! The number of a message in its room, in front of its text: plain, and before what was compressed already.

#[cfg(feature = "deflate")]
use super::frame::STORED;
use super::frame::{Frame, MOST_HEAD, payload};

/// What a recorded message begins with in place of its `{`. The number is at most 2^53, by its use in JavaScript.
struct NumberHead {
    bytes: [u8; MOST_HEAD],
    len: usize,
}

impl NumberHead {
    fn of(number: u64) -> Self {
        let mut head = Self { bytes: [0; MOST_HEAD], len: 0 };
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), number);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        for part in [&b"{\"$seq\":"[..], &digits[at..], b","] {
            head.bytes[head.len..head.len + part.len()].copy_from_slice(part);
            head.len += part.len();
        }
        head
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Frame {
    /// Whether it is one whole text in which a number has a place: a JSON object with a key.
    pub(crate) fn has_place(&self) -> bool {
        self.first() == Some(&0x81) && payload(self).1.starts_with(b"{\"")
    }

    /// Gives this text, a JSON object with a key, its number in its room. In place, if it was made with the space for that and is not
    /// shared.
    pub(crate) fn number(&mut self, number: u64) {
        let head = NumberHead::of(number);
        // Without its `{`.
        let body = self.len() - payload(self).1.len() + 1;
        self.put_in_front(body, head.as_bytes(), false);
    }

    /// The same with a text that was compressed without its `{`.
    #[cfg(feature = "deflate")]
    pub(crate) fn number_compressed(&mut self, number: u64) {
        let head = NumberHead::of(number);
        let len = u16::try_from(head.len).expect("it is a few bytes");
        let mut stored = [0; STORED + MOST_HEAD];
        stored[1..3].copy_from_slice(&len.to_le_bytes());
        stored[3..STORED].copy_from_slice(&(!len).to_le_bytes());
        stored[STORED..STORED + head.len].copy_from_slice(head.as_bytes());
        let body = self.len() - payload(self).1.len();
        self.put_in_front(body, &stored[..STORED + head.len], true);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{FrameBuilder, Opcode, frame};
    use super::*;

    fn to_be_numbered(text: &str) -> Frame {
        let mut builder = FrameBuilder::to_be_numbered(text.len());
        builder.payload_mut().extend_from_slice(text.as_bytes());
        builder.finish(Opcode::Text)
    }

    #[test]
    fn only_a_json_object_with_a_key_has_a_place_for_a_number() {
        assert!(frame(Opcode::Text, br#"{"type":"x"}"#).has_place());
        for other in ["", "{}", "hello", "[1]", "{ }"] {
            assert!(!frame(Opcode::Text, other.as_bytes()).has_place(), "{other}");
        }
        assert!(!frame(Opcode::Binary, br#"{"type":"x"}"#).has_place());
    }

    #[test]
    fn a_text_is_numbered_in_place_unless_it_is_shared_or_has_no_space() {
        for len in [10, 80, 126, 65_500, 65_600] {
            let text = format!(r#"{{"type":"said","text":"{}"}}"#, "x".repeat(len));
            for number in [1, 812, (1 << 53) - 1] {
                let numbered = format!(r#"{{"$seq":{number},{}"#, &text[1..]);
                let expected = frame(Opcode::Text, numbered.as_bytes());
                let mut in_place = to_be_numbered(&text);
                let end = in_place.as_ptr_range().end;
                in_place.number(number);
                assert_eq!((in_place[..] == expected[..], in_place.as_ptr_range().end), (true, end));
                let (mut shared, mut tight) = (to_be_numbered(&text), frame(Opcode::Text, text.as_bytes()));
                let other = shared.clone();
                shared.number(number);
                tight.number(number);
                assert!(shared == expected && tight == expected && other == frame(Opcode::Text, text.as_bytes()));
            }
        }
    }
}
