//! A message in a batch, and its claim to one answer.

use std::fmt;
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
/// Dropped without an answer it has the batch's: `success` where the handler returns and the message had a `ref`, the error that
/// it returns, `internal` after a panic, `timeout` after the deadline. One that the handler has given away, to be answered
/// later, has `success` when it is dropped. A sender that has left is answered nowhere; its room stays open, with its state, until
/// the batch is over.
pub struct Batched<C: Channel, M> {
    /// The message.
    pub message: M,
    claim: Claim<C>,
}

/// A message's claim to one answer. Dropped without one, it has the batch's.
struct Claim<C: Channel>(Arc<Share<C>>);

/// What the batch knows of one of its messages.
pub(super) struct Share<C: Channel> {
    socket: Socket<C>,
    fate: Mutex<Fate>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The handler has it.
    Open,
    /// The handler has dropped it: the batch's end is its answer.
    Dropped,
    Answered,
    /// The handler is over and has given it away.
    Kept,
}

impl<C: Channel, M> Batched<C, M> {
    fn new(message: M, socket: Socket<C>, fate: Fate) -> Self {
        Self { message, claim: Claim(Arc::new(Share { socket, fate: Mutex::new(fate) })) }
    }

    /// One on its way to a batch.
    pub(super) fn open(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Open)
    }

    /// One that is in no batch, for a test that calls a handler itself.
    pub(crate) fn alone(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Kept)
    }

    /// For its batch, which gives it away.
    pub(super) fn share(&self) -> Arc<Share<C>> {
        Arc::clone(&self.claim.0)
    }

    /// Its sender.
    pub fn socket(&self) -> &Socket<C> {
        &self.claim.0.socket
    }

    /// Answers the sender with whatever a handler may return: a message, `Success`, a `Result` ..
    pub fn reply(self, reply: impl Reply<C>) {
        let _: Flow = reply.reply(self.socket());
        // Not before: a reply whose `Serialize` panics is none, and the batch's end is.
        *self.claim.0.fate.lock() = Fate::Answered;
    }

    /// Answers the sender with an error frame.
    pub fn fail(self, fault: impl Into<Fault>) {
        self.reply(Err::<(), Fault>(fault.into()));
    }
}

impl<C: Channel> Drop for Claim<C> {
    fn drop(&mut self) {
        if self.0.settle(Fate::Dropped) == Fate::Kept {
            self.0.socket.answer_nothing();
        }
    }
}

impl<C: Channel> Share<C> {
    /// The handler is over, and came to this: the answer, where it has dropped the message without one.
    pub fn end(&self, outcome: &Result<(), Fault>) {
        if self.settle(Fate::Kept) == Fate::Dropped {
            match outcome {
                Ok(()) => self.socket.answer_nothing(),
                // Answered already, by a reply that panicked when it was dropped.
                Err(_) if self.socket.has_reference() && !self.socket.awaits_answer() => {}
                Err(error) => drop::<Flow>(fault(&self.socket, error.clone())),
            }
        }
    }

    /// Where its fate is open, it is this from now on; what it was before.
    fn settle(&self, fate: Fate) -> Fate {
        let now = &mut *self.fate.lock();
        let before = *now;
        if before == Fate::Open {
            *now = fate;
        }
        before
    }
}

impl<C: Channel, M: fmt::Debug> fmt::Debug for Batched<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched").field("message", &self.message).field("socket", self.socket()).finish_non_exhaustive()
    }
}
