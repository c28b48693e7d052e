//! A turn of a handler or hook that has begun, and what becomes of its message and its connection where it does not return.

use crate::channel::Channel;
use crate::connection::in_flight::{Token, Work};
use crate::protocol::fault::Fault;
use crate::session::guard::Interrupted;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// A turn that has begun.
pub(crate) struct Begun {
    what: &'static str,
    pub span: MessageSpan,
    _work: Token,
}

impl Begun {
    pub fn hook<C: Channel>(socket: &Socket<C>, what: &'static str) -> Self {
        Self { what, span: MessageSpan::default(), _work: begin(socket, what) }
    }

    pub fn message<C: Channel>(socket: &Socket<C>, span: &ConnectionSpan, what: &'static str) -> Self {
        Self { span: MessageSpan::new::<C>(span, what), ..Self::hook(socket, what) }
    }

    pub fn end<C: Channel>(self, socket: &Socket<C>, outcome: Result<Flow, Interrupted>) {
        self.span.end(&outcome);
        if let Err(why) = outcome {
            interrupted(socket, why, self.what);
        }
    }
}

/// The client is told, whatever it asked; the connection goes on.
pub(crate) fn timed_out<C: Channel>(socket: &Socket<C>, what: &'static str) {
    let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
    tracing::warn!(channel = C::NAME, connection = %socket.id(), what, %id, "timed out");
    socket.answer_fault(&fault);
}

/// A message that was not handled to its end is answered nevertheless, and its connection closed.
pub(crate) fn interrupted<C: Channel>(socket: &Socket<C>, interrupted: Interrupted, what: &'static str) {
    let close = match interrupted {
        Interrupted::Panicked => {
            let (fault, id) = Fault::unexplained();
            tracing::error!(channel = C::NAME, connection = %socket.id(), what, %id, "panicked");
            if socket.awaits_answer() {
                socket.answer_fault(&fault);
            }
            // Without a `ref` this is all that its client hears.
            Close::new(ClosedBy::Panic, CloseCode::INTERNAL, format!("{} ({id})", fault.message))
        }
        Interrupted::Cancelled => {
            tracing::warn!(channel = C::NAME, connection = %socket.id(), what, "cancelled: the server stops");
            if socket.awaits_answer() {
                socket.answer_fault(&Fault::new(Fault::TIMEOUT, "the server stops"));
            }
            Close::going_away()
        }
        Interrupted::TimedOut => return timed_out(socket, what),
        Interrupted::Left => {
            tracing::debug!(channel = C::NAME, connection = %socket.id(), what, "dropped: its client is gone");
            return;
        }
    };
    socket.connection().outbox.close(close);
}

/// Counts a step of the session, where a test counts.
pub(crate) fn begin<C: Channel>(socket: &Socket<C>, what: &'static str) -> Token {
    socket.connection().outbox.activity().begin(Work::Session { channel: C::NAME, what })
}
