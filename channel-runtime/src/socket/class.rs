//! The class of a message, as rooms know it.

use crate::protocol::const_text::ConstText;
use crate::protocol::delivery::Delivery;
use crate::protocol::describe::MessageShape;
use crate::protocol::message::Message;
use crate::room::class::{Class, LatestClass, TypeHash};
use crate::room::newest::Key;

pub(crate) const fn class_of<M: Message>() -> Class {
    class(M::DELIVERY, M::TYPE)
}

pub(crate) const fn class(delivery: Delivery, wire_type: &str) -> Class {
    match delivery {
        Delivery::Reliable => Class::Reliable,
        Delivery::Volatile => Class::Volatile(TypeHash::of(wire_type)),
        Delivery::Latest { .. } => {
            Class::Latest(LatestClass { of: TypeHash::of(wire_type), every_ms: delivery.every_ms() })
        }
    }
}

/// Fails a constant if the type at `index` can't be told apart from an earlier one, where rooms know both by their hashes alone.
#[track_caller]
pub const fn told_apart(shapes: &[MessageShape], index: usize) {
    let shape = &shapes[index];
    if shape.delivery.is_reliable() {
        return;
    }
    let mut at = 0;
    while at < index {
        let other = &shapes[at];
        if !other.delivery.is_reliable() && TypeHash::of(other.wire_type).0 == TypeHash::of(shape.wire_type).0 {
            let mut text = ConstText::<512>::new();
            text.push_all(&[
                "\"",
                shape.wire_type,
                "\" and \"",
                other.wire_type,
                "\" have the same hash by chance, and rooms know ",
            ]);
            text.push("types that are not reliable by their hashes; give one of the two another type");
            panic!("{}", text.as_str());
        }
        at += 1;
    }
}

/// What a value replaces. `None` if its type is not `latest`.
#[inline]
pub(crate) fn key_of<M: Message>(message: &M) -> Option<Key> {
    const { M::DELIVERY.is_latest() }.then(|| Key::from(message.newest_key()))
}

/// Whether a client that is behind may not be sent some of these messages.
pub(crate) const fn has_unreliable(shapes: &[MessageShape]) -> bool {
    let mut at = 0;
    while at < shapes.len() {
        if !shapes[at].delivery.is_reliable() {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether of some of these messages rooms keep the newest values.
pub(crate) const fn has_latest(shapes: &[MessageShape]) -> bool {
    let mut at = 0;
    while at < shapes.len() {
        if shapes[at].delivery.is_latest() {
            return true;
        }
        at += 1;
    }
    false
}
