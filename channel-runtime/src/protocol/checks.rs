//! Compile-time checks by types, in constants of the expansions, so that their errors point at the user's tokens.

use std::marker::PhantomData;

use crate::protocol::const_text::{ConstText, same};
use crate::protocol::describe::parts::{AnswerKind, AnswerShape};
use crate::protocol::envelope::{Envelope, JsonRpc, Places};
use crate::protocol::kind::kind_of;
use crate::protocol::message::Message;

/// Fails a constant if the wire type at `index` is also earlier in the list. `owners` are the handlers or structs of the types, and
/// `how` is "handled by" or "sent as". The constant of a list ends at its first error, so this error names the further ones too.
#[track_caller]
pub const fn once(types: &[&str], owners: &[&str], index: usize, how: &str) {
    let Some(first) = earlier(types, index) else { return };
    let mut text = ConstText::<512>::new();
    match kind_of(types[index]) {
        Some(kind) => {
            text.push("binary messages of kind ");
            text.push_number(kind as usize);
        }
        None => text.push_all(&["messages of type \"", types[index], "\""]),
    }
    text.push_all(&[" are already ", how, " `", owners[first], "`; give one of the two another "]);
    text.push(if kind_of(types[index]).is_some() { "kind" } else { "type" });
    let mut at = index + 1;
    while at < types.len() {
        if let Some(first) = earlier(types, at) {
            text.push_all(&["\nthe same goes for `", owners[first], "` and `", owners[at], "`, both of "]);
            match kind_of(types[at]) {
                Some(kind) => {
                    text.push("kind ");
                    text.push_number(kind as usize);
                }
                None => text.push_all(&["type \"", types[at], "\""]),
            }
        }
        at += 1;
    }
    panic!("{}", text.as_str());
}

const fn earlier(types: &[&str], index: usize) -> Option<usize> {
    let kind = kind_of(types[index]);
    let mut at = 0;
    while at < index {
        // Two binary messages with other names are the same on the wire if their kinds are.
        let is_same = match kind {
            None => same(types[at], types[index]),
            Some(kind) => matches!(kind_of(types[at]), Some(other) if other == kind),
        };
        if is_same {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// `IsMessage::<T>::IS`, looked up as in `describe::probe`.
pub struct IsMessage<T: ?Sized>(PhantomData<T>);

impl<T: Message> IsMessage<T> {
    /// The type is a message.
    pub const IS: bool = true;
}

/// For types that are no messages.
pub trait NoMessage {
    /// The type is no message.
    const IS: bool = false;
}

impl<T: ?Sized> NoMessage for IsMessage<T> {}

/// Fails a constant if a method without `#[message]` takes a message.
#[track_caller]
pub const fn no_handler(takes_a_message: bool, method: &str, message: &str) {
    if takes_a_message {
        let text = ConstText::concat(&[
            "`",
            method,
            "` takes a message, `",
            message,
            "`, but is no handler: did you forget `#[message]` above it?\n\
             a plain method that is called from elsewhere stands in an impl block without `#[channel]`",
        ]);
        panic!("{}", text.as_str());
    }
}

/// `IsEnvelope::<E>::IS`, looked up as in `describe::probe`.
#[derive(Debug)]
pub struct IsEnvelope<E>(PhantomData<E>);

impl<E: Envelope> IsEnvelope<E> {
    /// The type is an envelope.
    pub const IS: bool = true;
}

/// For types that are no envelopes.
pub trait NoEnvelope {
    /// The type is no envelope.
    const IS: bool = false;
}

impl<E> NoEnvelope for IsEnvelope<E> {}

/// The error for a type that is no envelope.
pub const fn is_envelope<E: Envelope>() {}

/// The type that a channel names. If it is no envelope, another one takes its place, so that [`is_envelope`] is the only error.
#[derive(Debug)]
pub struct Named<E, const IS_ONE: bool>(PhantomData<E>);

/// The channel's envelope.
pub trait EnvelopeOf {
    /// It.
    type Envelope: Envelope;
}

impl<E: Envelope> EnvelopeOf for Named<E, true> {
    type Envelope = E;
}

impl<E> EnvelopeOf for Named<E, false> {
    type Envelope = JsonRpc;
}

/// Fails a constant if a handler's answer has no place in the envelope. `defers` if it is sent later.
#[track_caller]
pub const fn has_place(places: Places, answer: AnswerShape, defers: bool, envelope: &str) {
    if places.has_answers() {
        return;
    }
    let (what, remedy) = match answer.kind {
        _ if answer.failures > 0 => (
            "errors",
            "send a message of your own that says what failed, or close the connection: `socket.close(code, reason)`",
        ),
        _ if defers => (
            "answers that are deferred",
            "keep a clone of the socket, and send a message of your own later: `socket.send(..)`",
        ),
        AnswerKind::Data(_) => ("answers that are no message", "return a message that is listed in `sends(..)`"),
        _ => return,
    };
    let text = ConstText::<512>::concat(&["`", envelope, "` has no place for ", what, "\n", remedy]);
    panic!("{}", text.as_str());
}

/// Fails a constant if the channel has an `on_refresh` and another envelope than the default one.
#[track_caller]
pub const fn hears_auth(is_flat: bool) {
    assert!(
        is_flat,
        "`on_refresh` waits for the message `$auth`, which exists in the framework's own envelope alone\n\
         take it away, and take a new token by a message of yours; at `expires_at` the connection is closed with 4401"
    );
}
