//! Fuzzes compressed messages: no cut of the reads changes the result, and no message inflates to more than the limit.

use http::{HeaderMap, HeaderValue, header};

use super::frame::{read, sizes};
use crate::wire::deflate::{Compression, negotiate};
use crate::wire::parser::{Input, Limits, Parser, Role};

/// Checks one client's stream. Two bytes before it choose the limit, what was negotiated, and how the reads are cut.
pub fn deflate(data: &[u8]) {
    let Some((&[settings, cuts], stream)) = data.split_first_chunk() else { return };
    let message = [64 * 1024, 1000, 125, 0][usize::from(settings & 3)];
    let limits = Limits { message, fragments: 64 };
    let mut compression = Compression::default();
    if settings & 4 != 0 {
        compression = compression.client_context(9 + (settings >> 3) % 7);
    }
    let mut offer = HeaderMap::new();
    let extension = "permessage-deflate; client_max_window_bits";
    offer.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(extension));
    let (agreed, _) = negotiate(&offer, &compression).expect("a plain offer is taken");
    let parser = || Parser::new(Role::Server, limits).inflating(Some(agreed));

    let most_held = 2 * limits.message + 1024;
    let at_once = read(stream, parser(), most_held, std::iter::repeat(usize::MAX));
    for input in &at_once.0 {
        if let Input::Text(text) = input {
            assert!(text.len() <= message, "a text of {} bytes", text.len());
        }
        if let Input::Binary(data) = input {
            assert!(data.len() <= message, "a message of {} bytes", data.len());
        }
    }
    let byte_by_byte = read(stream, parser(), most_held, std::iter::repeat(1));
    assert_eq!(byte_by_byte, at_once, "byte by byte");
    let in_pieces = read(stream, parser(), most_held, sizes(cuts));
    assert_eq!(in_pieces, at_once, "in pieces");
}
