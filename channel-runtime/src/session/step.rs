//! Steps: what a session handles next.

use bytes::Bytes;

use crate::connection::contained::contain;
use crate::connection::inbox::Notice;
use crate::protocol::codec;
use crate::protocol::describe::parts::MessageShape;
use crate::protocol::envelope::Envelope;
use crate::protocol::message::Messages;
use crate::session::dispatch::Dispatch;
use crate::wire::parser::Input;

pub(crate) enum Step {
    /// `index` is the type's place. If no type is [needed](needs_types), a message is an [`Input`](Self::Input).
    Message {
        index: usize,
        text: String,
    },
    Input(Input),
    Notice(Notice),
}

/// A message of a known type, before it is decoded.
pub(crate) enum Undecoded {
    Text(String),
    Binary(Bytes),
}

impl Undecoded {
    /// In bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(data) => data.len(),
        }
    }
}

impl Step {
    /// The place of a binary message's type. `None` for all other steps, and if its kind is none of the channel's.
    pub fn binary<C: Dispatch>(&self) -> Option<usize> {
        match self {
            Self::Input(Input::Binary(data)) if const { codec::has_binary::<C::FromClient>() } => {
                codec::index_of_kind::<C::FromClient>(data)
            }
            _ => None,
        }
    }

    /// Looks for a message's type, once for all that need it later.
    pub fn typed<C: Dispatch>(self) -> Self {
        if const { !needs_types::<C>() } {
            return self;
        }
        match self {
            Self::Input(Input::Text(text)) => match index::<C>(&text) {
                Some(index) => Self::Message { index, text },
                None => Self::Input(Input::Text(text)),
            },
            other => other,
        }
    }
}

/// Another envelope's `read` may be the user's code, and panic. It is read once more to decode it, which closes the connection.
fn index<C: Dispatch>(text: &str) -> Option<usize> {
    if const { <C::Envelope as Envelope>::IS_FLAT } {
        return C::Envelope::index::<C::FromClient>(text);
    }
    contain(|| C::Envelope::index::<C::FromClient>(text)).ok().flatten()
}

pub(crate) const fn needs_types<C: Dispatch>() -> bool {
    has_rates(<C::FromClient as Messages>::SHAPES) || has_concurrent::<C>()
}

const fn has_rates(mut shapes: &[MessageShape]) -> bool {
    while let [first, rest @ ..] = shapes {
        if first.rate.is_some() {
            return true;
        }
        shapes = rest;
    }
    false
}

pub(crate) const fn has_concurrent<C: Dispatch>() -> bool {
    let mut at = 0;
    while at < C::OPTIONS.len() {
        if C::OPTIONS[at].concurrent > 0 {
            return true;
        }
        at += 1;
    }
    false
}
