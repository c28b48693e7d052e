//! A fast scan for JSON strings without escapes, whose content can be borrowed from the text.

#[inline]
pub(super) fn string(text: &str) -> Option<&str> {
    let len = len(text.as_bytes());
    if text.as_bytes().get(len) == Some(&b'"') { text.get(..len) } else { None }
}

/// Looks at eight bytes in one step: one by one, the keys of a small message would cost as much as the rest of decoding.
#[inline]
fn len(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (at, &word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(word);
        let special = below(word, b' ') | below(word ^ splat(b'"'), 1) | below(word ^ splat(b'\\'), 1);
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + len_of_few(rest)
}

/// Cold, because few strings end within the last eight bytes of a message.
#[cold]
fn len_of_few(text: &[u8]) -> usize {
    text.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ')).unwrap_or(text.len())
}

/// Marks each byte below the bound, at most 0x80, in its highest bit. Only the lowest is reliable: subtraction borrows upward.
#[inline]
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(splat(bound)) & !word & splat(0x80)
}

#[inline]
const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}
