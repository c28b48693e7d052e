//! The class of a message, as rooms know it.

use crate::protocol::delivery::Delivery;
use crate::protocol::describe::MessageShape;
use crate::protocol::message::Message;
use crate::room::class::{Class, TypeHash};

pub(crate) const fn class_of<M: Message>() -> Class {
    class(M::DELIVERY, M::TYPE)
}

pub(crate) const fn class(delivery: Delivery, wire_type: &str) -> Class {
    match delivery {
        Delivery::Reliable => Class::Reliable,
        Delivery::Volatile => Class::Volatile(TypeHash::of(wire_type)),
    }
}

/// Whether any of these messages is volatile.
pub(crate) const fn has_volatile(shapes: &[MessageShape]) -> bool {
    let mut at = 0;
    while at < shapes.len() {
        if shapes[at].delivery.is_volatile() {
            return true;
        }
        at += 1;
    }
    false
}
