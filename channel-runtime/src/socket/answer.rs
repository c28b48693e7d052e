//! An answer that is given after the handler has returned.

use std::fmt;

use crate::channel::Channel;
use crate::connection::in_flight::{Token, Work};
use crate::protocol::fault::Fault;
use crate::socket::Socket;
use crate::socket::reply::{Flow, Reply};

impl<C: 'static> Socket<C> {
    /// Takes over the answer to the message that is being handled: the handler's own return is no answer any more. Where the message
    /// had a `ref`, its client is owed the answer: when the server stops, or the client has ended its own half of the stream, the
    /// connection ends behind it, or after [`shutdown_timeout`](crate::Config::shutdown_timeout).
    ///
    /// What it will be, nothing says, neither `describe()` nor the lock. With [`typed`](Answer::typed) the handler's signature does:
    /// see [`Deferred`](crate::Deferred).
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
        let in_flight = socket.connection.outbox.activity().begin(Work::Answer { channel: C::NAME });
        Answer { socket: Some(socket), _in_flight: in_flight }
    }
}

/// An answer that comes later, from [`Socket::defer`]. Dropped without one, it tells a client that gave a `ref` `internal`.
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct Answer<C: Channel> {
    /// With the message's claim; nothing once it is answered.
    socket: Option<Socket<C>>,
    _in_flight: Token,
}

impl<C: Channel> Answer<C> {
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
