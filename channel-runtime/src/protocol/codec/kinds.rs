//! What is known of a set of messages at compile time: which are binary, by their kind, and whether any is idempotent.

use std::marker::PhantomData;

use crate::protocol::kind::kind_of;
use crate::protocol::message::Messages;

pub(crate) const fn has_binary<T: Messages>() -> bool {
    let mut types = T::TYPES;
    while let [first, rest @ ..] = types {
        if kind_of(first).is_some() {
            return true;
        }
        types = rest;
    }
    false
}

pub(crate) const fn has_idempotent<T: Messages>() -> bool {
    let mut shapes = T::SHAPES;
    while let [first, rest @ ..] = shapes {
        if first.idempotent {
            return true;
        }
        shapes = rest;
    }
    false
}

pub(crate) fn index_of_kind<T: Messages>(data: &[u8]) -> Option<usize> {
    let place = Kinds::<T>::PLACES[usize::from(*data.first()?)];
    (place != NOWHERE).then_some(place.into())
}

const NOWHERE: u16 = u16::MAX;

struct Kinds<T>(PhantomData<T>);

impl<T: Messages> Kinds<T> {
    const PLACES: &'static [u16; 256] = &places(T::TYPES);
}

const fn places(types: &[&str]) -> [u16; 256] {
    let mut places = [NOWHERE; 256];
    let mut at = 0;
    while at < types.len() {
        if let Some(kind) = kind_of(types[at]) {
            places[kind as usize] = at as u16;
        }
        at += 1;
    }
    places
}
