//! What the macros can't see and the compiler can: asked in constants of the expansions, whose errors stand at the user's tokens.

use std::marker::PhantomData;

use crate::protocol::const_text::{ConstText, same};
use crate::protocol::message::Message;

/// A constant's error where the wire type at `index` stands earlier in the list too. `owners` are what the types belong to,
/// and `how` is how: "handled by" their handlers, "sent as" their structs.
///
/// One constant asks for each index in turn and ends at its first error, so that tells of the others as well.
#[track_caller]
pub const fn once(types: &[&str], owners: &[&str], index: usize, how: &str) {
    let Some(first) = earlier(types, index) else { return };
    let mut text = ConstText::concat(&[
        "messages of type \"",
        types[index],
        "\" are already ",
        how,
        " `",
        owners[first],
        "`; give one of the two another type",
    ]);
    let mut at = index + 1;
    while at < types.len() {
        if let Some(first) = earlier(types, at) {
            text.push_all(&[
                "\nthe same goes for `",
                owners[first],
                "` and `",
                owners[at],
                "`, both of type \"",
                types[at],
                "\"",
            ]);
        }
        at += 1;
    }
    panic!("{}", text.as_str());
}

/// The first place of the wire type at `index`, where it has an earlier one.
const fn earlier(types: &[&str], index: usize) -> Option<usize> {
    let mut at = 0;
    while at < index {
        if same(types[at], types[index]) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// `IsMessage::<T>::IS`, found as in `describe::probe`.
pub struct IsMessage<T: ?Sized>(PhantomData<T>);

impl<T: Message> IsMessage<T> {
    /// It is.
    pub const IS: bool = true;
}

/// For what is none.
pub trait NoMessage {
    /// It is not.
    const IS: bool = false;
}

impl<T: ?Sized> NoMessage for IsMessage<T> {}

/// A constant's error where a method that could be a handler takes a message.
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
