//! An answer that is given after the handler has returned.

use std::fmt;

use crate::channel::Channel;
use crate::connection::in_flight::{Work, WorkGuard};
use crate::protocol::fault::Fault;
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

/// An answer that is given later, from [`Socket::defer`]. If it is dropped without one, a client that gave a `ref` gets the error
/// `internal`.
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct Answer<C: Channel> {
    /// Has the message's claim. `None` once it is answered.
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
