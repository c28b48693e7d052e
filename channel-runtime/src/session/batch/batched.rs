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
/// A message that is dropped without an answer gets the batch's: `success` if the handler returns and the message had a `ref`, the
/// error that the handler returns, `internal` after a panic, `timeout` after the deadline. A message that the handler has given
/// away, to be answered later, gets `success` when it is dropped. A sender that has left is sent nothing; its room stays open, with
/// its state, until the batch is over.
pub struct Batched<C: Channel, M> {
    /// The message.
    pub message: M,
    claim: BatchClaim<C>,
}

/// If dropped without an answer, the message gets its batch's.
struct BatchClaim<C: Channel>(Arc<Entry<C>>);

pub(super) struct Entry<C: Channel> {
    socket: Socket<C>,
    fate: Mutex<Fate>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Dropped,
    Answered,
    /// The handler has returned, and has given the message away.
    Kept,
}

impl<C: Channel, M> Batched<C, M> {
    fn new(message: M, socket: Socket<C>, fate: Fate) -> Self {
        Self { message, claim: BatchClaim(Arc::new(Entry { socket, fate: Mutex::new(fate) })) }
    }

    pub(super) fn open(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Open)
    }

    pub(crate) fn alone(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Kept)
    }

    pub(super) fn entry(&self) -> Arc<Entry<C>> {
        Arc::clone(&self.claim.0)
    }

    /// Its sender.
    pub fn socket(&self) -> &Socket<C> {
        &self.claim.0.socket
    }

    /// Answers the sender with whatever a handler may return: a message, `Success`, a `Result` ..
    pub fn reply(self, reply: impl Reply<C>) {
        let _: Flow = reply.reply(self.socket());
        // Behind it: a reply whose `Serialize` panics is no answer, and the batch's outcome is.
        *self.claim.0.fate.lock() = Fate::Answered;
    }

    /// Answers the sender with an error frame.
    pub fn fail(self, fault: impl Into<Fault>) {
        self.reply(Err::<(), Fault>(fault.into()));
    }
}

impl<C: Channel> Drop for BatchClaim<C> {
    fn drop(&mut self) {
        if self.0.settle(Fate::Dropped) == Fate::Kept {
            self.0.socket.answer_nothing();
        }
    }
}

impl<C: Channel> Entry<C> {
    /// Answers the message if the handler has dropped it.
    pub fn end(&self, outcome: &Result<(), Fault>) {
        if self.settle(Fate::Kept) == Fate::Dropped {
            match outcome {
                Ok(()) => self.socket.answer_nothing(),
                // Answered already, by a reply that panicked while it was dropped.
                Err(_) if self.socket.has_reference() && !self.socket.awaits_answer() => {}
                Err(error) => drop::<Flow>(fault(&self.socket, error.clone())),
            }
        }
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

impl<C: Channel, M: fmt::Debug> fmt::Debug for Batched<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched").field("message", &self.message).field("socket", self.socket()).finish_non_exhaustive()
    }
}
