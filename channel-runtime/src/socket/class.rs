//! The class of a message, as rooms know it.

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
