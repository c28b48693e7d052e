//! Questions: messages that a client answers.

use serde::Deserialize;

use crate::protocol::codec::{self, DecodeError};
use crate::protocol::message::Message;

/// A message that the client answers: it is asked by [`Socket::ask`](crate::Socket::ask).
///
/// `#[message(type = "..", answer = Started)]` on a struct implements it. The answer is any type that serde can deserialize: a struct
/// of yours, another message, `Option<T>`, a `Vec`, or `()` if nothing in it matters.
///
/// ```
/// # use channel_runtime::{message, Question};
/// # use serde::Deserialize;
/// #[message(type = "RemoteStartTransaction", answer = Started)]
/// pub struct RemoteStart { pub connector: u32 }
///
/// #[derive(Deserialize)]
/// pub struct Started { pub status: String }
///
/// fn read(answer: <RemoteStart as Question>::Answer) -> String {
///     answer.status
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no question",
    label = "nothing says what a client answers to this",
    note = "say it on the struct: `#[message(type = \"..\", answer = Answered)]`, with a type that implements `serde::Deserialize`",
    note = "a message that is not answered is sent: `.send(..)`"
)]
pub trait Question: Message {
    /// What the client answers.
    type Answer: ReadAnswer;
}

/// What `answer = ..` may name. In front of serde's trait, so that the error is about the answer.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be read as an answer",
    label = "serde can't deserialize this",
    note = "write `#[derive(serde::Deserialize)]` on it; it has no references, and is `Send`"
)]
pub trait ReadAnswer: Sized + Send + 'static {
    /// `json` is a slice of the text, and the answer to a question of this type.
    fn read(text: &str, kind: &str, json: &str) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: for<'de> Deserialize<'de> + Send + 'static> ReadAnswer for T {
    fn read(text: &str, kind: &str, json: &str) -> Result<Self, DecodeError> {
        codec::read_value::<_, true>(text, kind, json)
    }
}
