//! Answers that are given after the handler has returned: [`Answer`], and [`Deferred`] for its type in the handler's signature.

use std::fmt;
use std::marker::PhantomData;

use crate::channel::Channel;
use crate::connection::in_flight::{Work, WorkGuard};
use crate::protocol::asks::Answered;
use crate::protocol::codec::DecodeError;
use crate::protocol::describe::probe::FaultsOf;
use crate::protocol::describe::{AnswerShape, DescribeFaults, Faults};
use crate::protocol::fault::Fault;
use crate::protocol::halves::Protocol;
use crate::socket::Socket;
use crate::socket::reply::{Flow, Reply};

impl<C: 'static> Socket<C> {
    /// Takes over the answer to the message that is being handled: what the handler returns is no answer any more. If the message
    /// had a `ref`, and the server stops or the client ends its half of the stream, the connection stays open until the answer is
    /// sent, but no longer than [`shutdown_timeout`](crate::Config::shutdown_timeout).
    ///
    /// `describe()` and the lock know the answer's type only if it is [`typed`](Answer::typed).
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Socket};
    /// # #[message(type = "report")] pub struct Report { pages: u32 }
    /// # #[channel("/reports")] pub struct Reports;
    /// # #[channel(sends(Report))] impl Reports {
    /// #[message(type = "make_report")]
    /// fn make_report(&self, socket: &Socket<Self>) {
    ///     let answer = socket.defer();
    ///     tokio::spawn(async move { answer.send(Report { pages: 3 }) });
    /// }
    /// # }
    /// ```
    pub fn defer(&self) -> Answer<C>
    where
        C: Channel,
    {
        let socket = self.owing();
        let in_flight = socket.member.outbox().activity().begin(Work::Answer { channel: C::NAME });
        Answer { socket: Some(socket), _in_flight: in_flight }
    }
}

/// An answer that is given later, from [`Socket::defer`]. If it is dropped instead, a client that gave a `ref` gets `internal`.
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct Answer<C: Channel> {
    socket: Option<Socket<C>>,
    _in_flight: WorkGuard,
}

impl<C: Channel> Answer<C> {
    /// Answers with anything that a handler may return: a message, `Success`, a `Result` ..
    pub fn send(mut self, reply: impl Reply<C>) {
        if let Some(socket) = self.socket.take() {
            let _: Flow = reply.reply(&socket);
        }
    }

    /// Answers with an error frame.
    pub fn fault(self, fault: impl Into<Fault>) {
        self.send(Err::<(), Fault>(fault.into()));
    }

    /// The same answer, which must be an `R`, and what the handler returns to declare that: see [`Deferred`].
    pub fn typed<R>(self) -> (TypedAnswer<C, R>, Deferred<R>) {
        (TypedAnswer { answer: self, reply: PhantomData }, Deferred(PhantomData))
    }
}

impl<C: Channel> Drop for Answer<C> {
    fn drop(&mut self) {
        // Without a `ref`, or if the answer was taken over once more, there is nothing to answer.
        if let Some(socket) = self.socket.take().filter(Socket::awaits_answer) {
            socket.answer_fault(&Fault::internal("a deferred answer was dropped"));
        }
    }
}

impl<C: Channel> fmt::Debug for Answer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("channel", &C::NAME).finish_non_exhaustive()
    }
}

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

impl<C: Protocol, R: Answered<C>> Answered<C> for Deferred<R> {
    type Answer = R::Answer;

    const IS_PLAIN: bool = R::IS_PLAIN;

    fn read(text: &str) -> Result<Self::Answer, DecodeError> {
        R::read(text)
    }
}

impl<R, E: DescribeFaults> FaultsOf<Deferred<Result<R, E>>> {
    /// Those of the error.
    pub const FAULTS: Option<Faults> = Some(E::FAULTS);
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

/// Like `reply::reply`, for a deferred answer, so that an error names the type in it.
pub fn reply_deferred<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: Deferred<R>) -> Flow {
    reply.reply(socket)
}
