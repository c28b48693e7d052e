//! Half channels: channels whose impl block has no `#[channel]`. One error says so, and no other follows from it.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserializer, Serializer};

use crate::channel::identity::Anonymous;
use crate::channel::users::HasUsers;
use crate::channel::{Channel, Route, SentBy};
use crate::protocol::const_text::ConstText;
use crate::protocol::envelope::Flat;
use crate::protocol::halves::Protocol;
use crate::protocol::message::{Message, Messages};
use crate::session::dispatch::Dispatch;
use crate::session::handling::Handling;
use crate::socket::Socket;
use crate::socket::notify::NoticeFor;

/// A channel whose impl block has its `#[channel]`, even if the block has errors.
pub trait Handled {}

/// `HandledBy::<C>::IS`: the compiler takes an associated constant of the type before one of a trait, and only if its bound holds.
#[derive(Debug)]
pub struct HandledBy<C>(PhantomData<C>);

impl<C: Handled> HandledBy<C> {
    /// The impl block has its `#[channel]`.
    pub const IS: bool = true;
}

/// For structs whose impl block has no `#[channel]`, or that have no impl block.
pub trait NotHandled {
    /// There is no such block.
    const IS: bool = false;
}

impl<C> NotHandled for HandledBy<C> {}

/// For structs of which no method has reported that its block lacks the attribute.
pub trait NotTold {
    /// No method has.
    const __CHANNEL_NOT_MARKED: bool = false;
}

impl<C> NotTold for C {}

/// The messages of such a channel: none.
#[derive(Debug)]
pub enum NoMessages {}

impl Messages for NoMessages {
    const TYPES: &'static [&'static str] = &[];

    fn decode<'de, D: Deserializer<'de>>(_: usize, _: D) -> Result<Self, D::Error> {
        unreachable!("there are no types")
    }

    fn index(&self) -> usize {
        match *self {}
    }

    fn encode<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

/// Whether both halves exist, as a type: the impls below are for half channels alone.
#[derive(Debug)]
pub enum Halves<const BOTH: bool> {}

/// Fails, in a constant, if a channel has its struct alone.
#[track_caller]
pub const fn both(are_there: bool, name: &str) {
    if !are_there {
        let text = ConstText::concat(&[
            "`",
            name,
            "` has a path, but no impl block with `#[channel]`\nput `#[channel]` on `impl ",
            name,
            " { .. }`; where there is nothing in it yet, `#[channel] impl ",
            name,
            " {}` is enough",
        ]);
        panic!("{}", text.as_str());
    }
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>, M: Message> SentBy<C> for M {
    type Envelope = Flat;
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>, N: Send + 'static> NoticeFor<C> for N {
    const HANDLER: &'static str = "";
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>> HasUsers for C {
    type User = String;
    type Name = str;
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>> Protocol for C {
    type FromClient = NoMessages;
    type ToClient = NoMessages;
    type Envelope = Flat;
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>> Channel for C {
    type Identity = Anonymous;

    const IS_WHOLE: bool = false;

    // It is not known whether a hook makes the state of its rooms.
    const OPENS_ROOMS: bool = true;
}

#[diagnostic::do_not_recommend]
impl<C: Route<Halves = Halves<false>>> Dispatch for C {
    fn handle<'a>(&'a mut self, message: NoMessages, _: &'a Socket<Self>, _: &'a Arc<Self::App>) -> Handling<'a> {
        match message {}
    }
}
