//! An answer that comes later than its handler returns.

use std::fmt;

use crate::activity::Token;
use crate::channel::Channel;
use crate::fault::Fault;
use crate::reply::{Flow, Reply};
use crate::socket::Socket;

/// An answer that comes later, from [`Socket::defer`]. Dropped without one, it tells a client that gave a `ref` `internal`.
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct Answer<C: Channel> {
    /// With the message's claim; nothing once it is answered.
    socket: Option<Socket<C>>,
    _in_flight: Token,
}

impl<C: Channel> Answer<C> {
    pub(crate) fn new(socket: Socket<C>, in_flight: Token) -> Self {
        Self { socket: Some(socket), _in_flight: in_flight }
    }

    /// Answers with whatever a handler may return: a message, `Success`, a `Result` ..
    pub fn send(mut self, reply: impl Reply<C>) {
        if let Some(socket) = self.socket.take() {
            let _: Flow = reply.reply(&socket);
        }
    }

    /// Answers with an error frame.
    pub fn fault(self, fault: impl Into<Fault>) {
        self.send(Err::<(), Fault>(fault.into()));
    }
}

impl<C: Channel> Drop for Answer<C> {
    fn drop(&mut self) {
        // A message without a `ref` awaits nothing, and a claim that somebody else has is not ours.
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
