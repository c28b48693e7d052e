//! The bound on nesting. serde_json has one of its own, but not for what it skips: unknown fields and `RawValue`s, which
//! would pass a bomb on to whoever parses them next.

/// The deepest nesting that is read, the message's own object included; serde_json's limit for typed values.
const MAX_DEPTH: usize = 127;

/// Where the text first nests deeper than [`MAX_DEPTH`], as a byte offset.
pub(super) fn first_too_deep(text: &str) -> Option<usize> {
    // Each level is two bytes, unless the text breaks off, which is refused anyway.
    if text.len() <= 2 * MAX_DEPTH || !opens_often(text.as_bytes()) {
        return None;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(offset);
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Whether there are brackets enough to nest too deep. Nearly no message has, and this costs nearly nothing: counting
/// in blocks of a fixed size, and in a byte, becomes SIMD instructions.
fn opens_often(text: &[u8]) -> bool {
    // `[` and `{` differ in one bit.
    let count = |block: &[u8; 128]| usize::from(block.iter().fold(0u8, |n, &byte| n + u8::from(byte | 0x20 == b'{')));
    let (blocks, _) = text.as_chunks();
    let opened: usize = blocks.iter().map(count).sum();
    // What fills no block is counted with bytes that were counted before: a little too high is good enough.
    opened + text.last_chunk().map_or(text.len(), count) > MAX_DEPTH
}

/// The line and column of a byte, as serde_json counts them.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    (line, column)
}
