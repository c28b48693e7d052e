//! Text that is built in a constant, for the errors of compile-time checks and the lines of a lock.

#[cfg(feature = "server")]
use std::cmp::Ordering;

const CHUNK: usize = size_of::<u128>();

pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    // Sixteen bytes at a time: an interpreter's step costs the same whatever it compares. Short texts skip this: a call is many.
    while a.len() >= CHUNK
        && let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (a.split_first_chunk(), b.split_first_chunk())
    {
        if u128::from_ne_bytes(*first_a) != u128::from_ne_bytes(*first_b) {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    // From the end, because names in one list often start alike.
    let mut left = a.len();
    while left > 0 {
        left -= 1;
        if a[left] != b[left] {
            return false;
        }
    }
    true
}

#[cfg(feature = "server")]
pub(crate) const fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while a.len() >= CHUNK
        && let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (a.split_first_chunk(), b.split_first_chunk())
    {
        let (first_a, first_b) = (u128::from_be_bytes(*first_a), u128::from_be_bytes(*first_b));
        if first_a != first_b {
            return if first_a < first_b { Ordering::Less } else { Ordering::Greater };
        }
        (a, b) = (rest_a, rest_b);
    }
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return if a[at] < b[at] { Ordering::Less } else { Ordering::Greater };
        }
        at += 1;
    }
    match () {
        () if a.len() == b.len() => Ordering::Equal,
        () if a.len() < b.len() => Ordering::Less,
        () => Ordering::Greater,
    }
}

/// Text of at most `N` bytes; more is cut at a character.
#[doc(hidden)]
pub struct ConstText<const N: usize = 512> {
    bytes: [u8; N],
    len: usize,
}

impl ConstText {
    pub const fn concat(parts: &[&str]) -> Self {
        let mut text = Self::new();
        text.push_all(parts);
        text
    }
}

impl<const N: usize> ConstText<N> {
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(crate) const fn push(&mut self, text: &str) {
        let mut taken = text.len();
        if taken > N - self.len {
            taken = N - self.len;
            while !text.is_char_boundary(taken) {
                taken -= 1;
            }
        }
        let text = text.as_bytes();
        let mut at = 0;
        // Byte by byte, because most texts are short, and cutting slices costs the compiler's interpreter more.
        while at < taken {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    pub(crate) const fn push_all(&mut self, parts: &[&str]) {
        let mut at = 0;
        while at < parts.len() {
            self.push(parts[at]);
            at += 1;
        }
    }

    pub(crate) const fn push_number(&mut self, number: usize) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        let (_, digit) = "0123456789".split_at(number % 10);
        let (digit, _) = digit.split_at(1);
        self.push(digit);
    }

    pub const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

#[cfg(feature = "server")]
impl<const N: usize> ConstText<N> {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Continues an FNV-1a hash with this text.
    pub(crate) const fn hash(&self, from: u64) -> u64 {
        let (mut hash, mut at) = (from, 0);
        while at < self.len {
            // This is `wrapping_mul` without its call, which would cost the compiler's interpreter as much as everything else here.
            let product = (hash ^ self.bytes[at] as u64) as u128 * 0x0000_0100_0000_01b3;
            hash = (product & u64::MAX as u128) as u64;
            at += 1;
        }
        hash
    }
}

impl<const N: usize> Default for ConstText<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_long_for_a_constant_is_cut_at_a_character() {
        let long = "é".repeat(300);
        let text = ConstText::concat(&["x", &long]);
        assert_eq!(text.as_str().len(), 511);
        assert!(text.as_str().ends_with('é'));
        assert_eq!(ConstText::concat(&["a", "", "bc"]).as_str(), "abc");
    }

    #[cfg(feature = "server")]
    #[test]
    fn numbers_are_written_in_decimal() {
        let mut text = ConstText::<8>::new();
        text.push_number(0);
        text.push_number(2048);
        assert_eq!(text.as_str(), "02048");
    }

    #[cfg(feature = "server")]
    #[test]
    fn texts_have_the_order_of_their_bytes() {
        let texts =
            ["", "a", "ab", "b", "é", "0123456789abcdef", "0123456789abcdef0", "0123456789abcdeg", "0123456789abcde"];
        for a in texts {
            for b in texts {
                assert_eq!(compare(a, b), a.cmp(b), "{a} {b}");
            }
        }
    }

    #[test]
    fn only_equal_texts_are_the_same() {
        let long = "0123456789abcdef0123456789abcdef-";
        for at in 0..long.len() {
            let mut other = long.to_owned();
            other.replace_range(at..=at, "x");
            assert!(same(long, long) && !same(long, &other) && !same(&long[..at], long), "{at}");
            assert!(same(&long[..at], &other[..at]));
        }
    }
}
