//! Fuzzes the frame parser: it reads a stream as the RFC defines, wherever the reads are cut, and never buffers more than the limit.

use std::collections::VecDeque;

use super::reference;
use crate::wire::close::CloseCode;
use crate::wire::parser::{Input, Limits, Parser, Role};

/// Checks one stream. Two bytes before it choose the role, the limits, and how the reads are cut.
pub fn frame(data: &[u8]) {
    let Some((&[settings, cuts], stream)) = data.split_first_chunk() else { return };
    let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
    let message = [64 * 1024, 1000, 125, 0][usize::from(settings >> 1 & 3)];
    let limits = Limits { message, fragments: if settings & 8 == 0 { 64 } else { 3 } };

    let expected = reference::read(stream, role, limits);
    let parser = || Parser::new(role, limits);
    let held = limits.message + 125;
    let at_once = read(stream, parser(), held, std::iter::repeat(usize::MAX));
    assert_eq!(at_once, expected, "at once");
    let byte_by_byte = read(stream, parser(), held, std::iter::repeat(1));
    assert_eq!(byte_by_byte, expected, "byte by byte");
    let in_pieces = read(stream, parser(), held, sizes(cuts));
    assert_eq!(in_pieces, expected, "in pieces");
}

/// The parser may buffer at most `most_held` bytes.
pub(super) fn read(
    stream: &[u8],
    mut parser: Parser,
    most_held: usize,
    sizes: impl Iterator<Item = usize>,
) -> (Vec<Input>, Option<CloseCode>) {
    let (mut said, mut refused) = (VecDeque::new(), None);
    let mut stream = stream.to_vec();
    let mut rest = &mut stream[..];
    for size in sizes {
        if rest.is_empty() && !parser.has_rest() {
            break;
        }
        let before = said.len();
        let result = if parser.has_rest() {
            parser.feed_rest(&mut said)
        } else {
            let (piece, behind) = rest.split_at_mut(size.min(rest.len()));
            rest = behind;
            parser.feed(piece, &mut said)
        };
        assert!(parser.held() <= most_held, "{} bytes are held", parser.held());
        if refused.is_some() || matches!(before.checked_sub(1).map(|last| &said[last]), Some(Input::Close(_))) {
            assert!(result.is_ok() && said.len() == before, "what comes behind the end has a meaning");
        } else if let Err(violation) = result {
            refused = Some(violation.code);
            assert_eq!(parser.held(), 0, "something is held of what was refused");
        }
    }
    (said.into(), refused)
}

/// Without a period, so that every part of a header is cut at every place by some input.
pub(super) fn sizes(seed: u8) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(u32::from(seed)), |state| {
        Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
    })
    .map(|state| 1 + (state >> 24) as usize % 19)
}
