//! Deferred answers with their type in the handler's signature.

use std::fmt;
use std::marker::PhantomData;

use crate::channel::Channel;
use crate::protocol::describe::AnswerShape;
use crate::socket::Socket;
use crate::socket::answer::Answer;
use crate::socket::reply::{Flow, Reply};

/// What a handler returns if it answers later with an `R`: the signature names the answer's type, so that `describe()` and the
/// lock know it.
///
/// ```
/// # use channel_runtime::{channel, message, Deferred, Socket};
/// # #[message(type = "call")] pub struct Call { number: u64 }
/// # #[message(type = "called")] pub struct Called { taken: bool }
/// # #[channel("/phone")] pub struct Phone;
/// # async fn ring(_: u64) -> bool { true }
/// #[channel(sends(Called))]
/// impl Phone {
///     #[message]
///     fn call(&self, call: Call, socket: &Socket<Self>) -> Deferred<Called> {
///         let (answer, deferred) = socket.defer().typed();
///         tokio::spawn(async move { answer.send(Called { taken: ring(call.number).await }) });
///         deferred
///     }
/// }
/// ```
///
/// `R` is anything that a handler may return: `Deferred<Result<Called, Fault>>` may fail later, and
/// `Result<Deferred<Called>, Fault>` at once. Do not call `defer()` before you return an error: the client would get the error
/// `internal` for the dropped answer.
#[must_use = "a handler returns it; its answer is sent by the other half"]
pub struct Deferred<R>(PhantomData<fn() -> R>);

/// Like [`Answer`], for an answer that is an `R`; from [`Answer::typed`].
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct TypedAnswer<C: Channel, R> {
    answer: Answer<C>,
    reply: PhantomData<fn(R)>,
}

impl<C: Channel> Answer<C> {
    /// The same answer, which must be an `R`, and what the handler returns to declare that: see [`Deferred`].
    pub fn typed<R>(self) -> (TypedAnswer<C, R>, Deferred<R>) {
        (TypedAnswer { answer: self, reply: PhantomData }, Deferred(PhantomData))
    }
}

impl<C: Channel, R> TypedAnswer<C, R> {
    /// Answers the message.
    pub fn send(self, reply: R)
    where
        R: LaterReply<C>,
    {
        self.answer.send(reply);
    }
}

/// A [`Reply`], with a short error: the full one is reported at the handler's return type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer of `{C}`",
    label = "not what the handler may return: its own error says why"
)]
pub trait LaterReply<C: Channel>: Reply<C> {}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: Reply<C>> LaterReply<C> for R {}

impl<C: Channel, R: Reply<C>> Reply<C> for Deferred<R> {
    const ANSWER: AnswerShape = R::ANSWER;

    fn reply(self, _: &Socket<C>) -> Flow {
        Flow::Continue
    }
}

impl<R> fmt::Debug for Deferred<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}

impl<C: Channel, R> fmt::Debug for TypedAnswer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedAnswer").field(&self.answer).finish()
    }
}
