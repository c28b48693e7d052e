//! A message in a batch, and its claim to one answer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::channel::Channel;
use crate::protocol::fault::Fault;
use crate::socket::Socket;
use crate::socket::reply::{Flow, Reply, fault};

/// A message in a batch, with its sender: what the handler of a batch is given many of.
///
/// ```
/// # use channel_runtime::{channel, message, Batched, Fault};
/// # pub struct App;
/// # impl App { async fn store(&self, _: impl Iterator<Item = &Move>) -> Result<(), std::io::Error> { Ok(()) } }
/// # #[message(type = "move")] pub struct Move { to: String }
/// # #[message(type = "moved")] pub struct Moved { to: String }
/// # #[channel("/game/:id", app = App)] pub struct Game { id: u64 }
/// # #[channel(sends(Moved))] impl Game {
/// #[message(batch(size = 100, wait = "50ms"))]
/// async fn moves(batch: Vec<Batched<Self, Move>>, app: &App) -> Result<(), Fault> {
///     app.store(batch.iter().map(|item| &item.message)).await.map_err(Fault::internal)?;
///     for item in batch {
///         let to = item.message.to.clone();
///         item.socket().others().send(Moved { to: to.clone() });
///         item.reply(Moved { to });
///     }
///     Ok(())
/// }
/// # }
/// ```
///
/// A message that is dropped without an answer gets the batch's: `success` if the handler returns and the message had a `ref`, the
/// error that the handler returns, `internal` after a panic, `timeout` after the deadline. A message that the handler has given
/// away, to be answered later, gets `success` when it is dropped. A sender that has left is sent nothing; its room stays open, with
/// its state, until the batch is over.
///
/// # What is answered
///
/// A third type says what each message is answered, as anything that a handler may return: [`describe`](crate::describe) and the lock
/// then know it, `reply` takes nothing else, and `fail` takes the error of a `Result`. A message with a `ref` that is dropped gets
/// `internal` then, unless the answer may be nothing: `()`, or an `Option`.
///
/// ```
/// # use channel_runtime::{channel, message, Batched, Fault};
/// # #[message(type = "move")] pub struct Move { to: u8 }
/// # #[message(type = "moved")] pub struct Moved { to: u8 }
/// # #[channel("/game/:id")] pub struct Game { id: u64 }
/// #[derive(Fault)]
/// pub enum MoveError {
///     #[fault("move.off_board", "there is no square {to}")]
///     OffBoard { to: u8 },
/// }
///
/// # #[channel(sends(Moved))] impl Game {
/// #[message(batch(size = 100, wait = "50ms"))]
/// fn moves(batch: Vec<Batched<Self, Move, Result<Moved, MoveError>>>) {
///     for item in batch {
///         let to = item.message.to;
///         item.reply(if to < 64 { Ok(Moved { to }) } else { Err(MoveError::OffBoard { to }) });
///     }
/// }
/// # }
/// ```
pub struct Batched<C: Channel, M, R: ?Sized = AnyReply> {
    /// The message.
    pub message: M,
    claim: BatchClaim<C>,
    answer: PhantomData<fn(&R)>,
}

/// The answer in a batch that does not say what it answers: anything that a handler may return. There is no value of it.
// Without a size, so that it can't be a `Reply`, and the two impls of `Accepts` don't overlap.
pub struct AnyReply(#[expect(dead_code, reason = "it has no size")] [()]);

/// If dropped without an answer, the message gets its batch's.
struct BatchClaim<C: Channel>(Arc<Entry<C>>);

pub(super) struct Entry<C: Channel> {
    socket: Socket<C>,
    fate: Mutex<Fate>,
    /// Whether dropping it is an answer that the handler declares.
    may_be_nothing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Dropped,
    Answered,
    /// The handler has returned, and has given the message away.
    Kept,
}

impl<C: Channel, M, R: ?Sized> Batched<C, M, R> {
    fn new(message: M, socket: Socket<C>, fate: Fate, may_be_nothing: bool) -> Self {
        let claim = BatchClaim(Arc::new(Entry { socket, fate: Mutex::new(fate), may_be_nothing }));
        Self { message, claim, answer: PhantomData }
    }

    pub(super) fn open(message: M, socket: Socket<C>, may_be_nothing: bool) -> Self {
        Self::new(message, socket, Fate::Open, may_be_nothing)
    }

    pub(crate) fn alone(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Kept, true)
    }

    pub(super) fn entry(&self) -> Arc<Entry<C>> {
        Arc::clone(&self.claim.0)
    }

    /// Its sender.
    pub fn socket(&self) -> &Socket<C> {
        &self.claim.0.socket
    }

    /// Answers the sender with an `R`; if the batch does not declare one, with whatever a handler may return: a message, `Success`,
    /// a `Result` ..
    pub fn reply<A: Reply<C>>(self, reply: A)
    where
        R: Accepts<A>,
    {
        self.answer(reply);
    }

    /// Answers the sender with an error frame. If `R` is a `Result`, the error is one of its error type.
    pub fn fail<E>(self, error: E)
    where
        R: FailsWith<E>,
    {
        self.answer(Err::<(), Fault>(R::fault(error)));
    }

    fn answer(self, reply: impl Reply<C>) {
        let _: Flow = reply.reply(self.socket());
        // Behind it: a reply whose `Serialize` panics is no answer, and the batch's outcome is.
        *self.claim.0.fate.lock() = Fate::Answered;
    }
}

/// The types that a batch with the answer `Self` takes as a reply.
#[diagnostic::on_unimplemented(
    message = "this batch does not answer `{A}`",
    label = "not the answer that the handler declares",
    note = "reply a `{Self}`, or declare another answer in the handler's signature: `Vec<Batched<Self, Message, {A}>>`"
)]
pub trait Accepts<A> {}

impl<A> Accepts<A> for AnyReply {}

#[diagnostic::do_not_recommend]
impl<A> Accepts<A> for A {}

/// The errors with which a message of a batch with the answer `Self` may fail.
#[diagnostic::on_unimplemented(
    message = "a message of this batch does not fail with this error",
    label = "not the error that the handler declares",
    note = "declare an answer that may fail, in the handler's signature: `Vec<Batched<Self, Message, Result<Answer, Error>>>`"
)]
pub trait FailsWith<E> {
    /// The fault that its client is sent.
    fn fault(error: E) -> Fault;
}

impl<E: Into<Fault>> FailsWith<E> for AnyReply {
    fn fault(error: E) -> Fault {
        error.into()
    }
}

impl<A, E: Into<F>, F: Into<Fault>> FailsWith<E> for Result<A, F> {
    fn fault(error: E) -> Fault {
        error.into().into()
    }
}

impl<C: Channel> Drop for BatchClaim<C> {
    fn drop(&mut self) {
        if self.0.settle(Fate::Dropped) == Fate::Kept {
            self.0.answer_dropped();
        }
    }
}

impl<C: Channel> Entry<C> {
    /// Answers the message if the handler has dropped it.
    pub fn end(&self, outcome: &Result<(), Fault>) {
        if self.settle(Fate::Kept) == Fate::Dropped {
            match outcome {
                Ok(()) => self.answer_dropped(),
                // Answered already, by a reply that panicked while it was dropped.
                Err(_) if self.socket.has_reference() && !self.socket.awaits_answer() => {}
                Err(error) => drop::<Flow>(fault(&self.socket, error.clone())),
            }
        }
    }

    fn answer_dropped(&self) {
        if self.may_be_nothing || !self.socket.awaits_answer() {
            return self.socket.answer_nothing();
        }
        self.socket.answer_fault(&Fault::internal(
            "a message of a batch was dropped without the answer that its handler declares",
        ));
    }

    fn settle(&self, fate: Fate) -> Fate {
        let now = &mut *self.fate.lock();
        let before = *now;
        if before == Fate::Open {
            *now = fate;
        }
        before
    }
}

impl<C: Channel, M: fmt::Debug, R: ?Sized> fmt::Debug for Batched<C, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched").field("message", &self.message).field("socket", self.socket()).finish_non_exhaustive()
    }
}
