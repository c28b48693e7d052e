//! Headers that are lists: their items, each for itself, so that one that is no text spoils none of the others.

use std::str;

use http::{HeaderMap, HeaderName};

/// The items of all lines of this name, in order, without the blanks around them.
pub(crate) fn items<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a> {
    let lines = headers.get_all(name).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Those items that are text.
pub(crate) fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    items(headers, name).filter_map(|item| str::from_utf8(item).ok())
}
