//! A message for other nodes, in an envelope with topics: each member there hears it on its own, which are not known here.
//!
//! It is written once with a topic that no client knows, and that each node replaces.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use bytes::Bytes;

use crate::room::outgoing::Body;
use crate::wire::frame::{Frame, payload};

/// No client can know it, and write it into a message.
static PLACE: LazyLock<String> = LazyLock::new(|| {
    // The operating system seeds each process's `RandomState`.
    let random = RandomState::new();
    format!("topic-{:016x}{:016x}", random.hash_one(0), random.hash_one(1))
});

pub(super) fn place() -> &'static str {
    &PLACE
}

pub(super) fn around_the_place(frame: &Frame) -> Body {
    let ((_, payload), place) = (payload(frame), place().as_bytes());
    let at = payload.windows(place.len()).position(|window| window == place);
    let (before, after) = match at {
        Some(at) => (&payload[..at], &payload[at + place.len()..]),
        // An envelope that names no topic in this frame.
        None => (payload, &[][..]),
    };
    Body::Topical {
        before: Bytes::copy_from_slice(before),
        after: Bytes::copy_from_slice(after),
        has_place: at.is_some(),
    }
}
