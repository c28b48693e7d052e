//! The bound on nesting, also in unknown fields and `RawValue`s, which serde_json skips uncounted and the next parser reads.

/// The deepest nesting that is read, including the message's own object. It is serde_json's limit for typed values.
const MAX_DEPTH: usize = 127;

pub(super) fn first_too_deep(text: &str) -> Option<usize> {
    // Each level takes two bytes, unless the text is incomplete, which is refused anyway.
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

/// Hardly any message has so many brackets. Counting in blocks of a fixed size, and in a byte, compiles to SIMD instructions.
fn opens_often(text: &[u8]) -> bool {
    // `[` and `{` differ in one bit.
    let count = |block: &[u8; 128]| usize::from(block.iter().fold(0u8, |n, &byte| n + u8::from(byte | 0x20 == b'{')));
    let (blocks, _) = text.as_chunks();
    let opened: usize = blocks.iter().map(count).sum();
    // The rest is counted as a whole block, some bytes twice. A count that is slightly too high does no harm.
    opened + text.last_chunk().map_or(text.len(), count) > MAX_DEPTH
}

pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    (line, column)
}
