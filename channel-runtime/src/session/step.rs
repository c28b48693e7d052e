//! Steps: what a session handles next.

use crate::connection::inbox::Notice;
use crate::protocol::codec;
use crate::protocol::describe::parts::MessageShape;
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

impl Step {
    /// Looks for a message's type, once for all that need it later.
    pub fn typed<C: Dispatch>(self) -> Self {
        if const { !needs_types::<C>() } {
            return self;
        }
        match self {
            Self::Input(Input::Text(text)) => match codec::index::<C::FromClient>(&text) {
                Some(index) => Self::Message { index, text },
                None => Self::Input(Input::Text(text)),
            },
            other => other,
        }
    }
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
