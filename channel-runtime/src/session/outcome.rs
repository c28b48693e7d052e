//! Running calls of handlers and hooks, and how a client is answered if one panics, times out or is cancelled.

use crate::channel::Channel;
use crate::connection::in_flight::{Work, WorkGuard};
use crate::protocol::fault::{Fault, FaultId};
use crate::session::guard::Interrupted;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::close::{Close, CloseCode, ClosedBy};

pub(crate) struct RunningCall {
    what: &'static str,
    pub span: MessageSpan,
    _work: WorkGuard,
}

impl RunningCall {
    pub fn of_hook<C: Channel>(socket: &Socket<C>, what: &'static str) -> Self {
        Self { what, span: MessageSpan::default(), _work: begin_work(socket, what) }
    }

    pub fn of_message<C: Channel>(socket: &Socket<C>, span: &ConnectionSpan, kind: &'static str) -> Self {
        Self { span: MessageSpan::new(span, C::NAME, kind), ..Self::of_hook(socket, kind) }
    }

    pub fn end<C: Channel>(self, socket: &Socket<C>, outcome: Result<Flow, Interrupted>) {
        self.span.end(|| name_of(&outcome));
        if let Err(why) = outcome {
            interrupted(socket, why, self.what);
        }
    }
}

const TOO_LONG: &str = "it took too long";

pub(crate) fn name_of(outcome: &Result<Flow, Interrupted>) -> &'static str {
    match outcome {
        Ok(Flow::Continue) => "ok",
        Ok(Flow::Failed(_)) => "fault",
        Err(Interrupted::Panicked) => "panicked",
        Err(Interrupted::TimedOut) => "timed out",
        Err(Interrupted::Cancelled) => "cancelled",
        Err(Interrupted::ClientGone) => "client gone",
    }
}

/// Sends `timeout` even if the message had no `ref`, and returns its id.
pub(crate) fn timed_out<C: Channel>(socket: &Socket<C>, what: &'static str) -> FaultId {
    let (fault, id) = Fault::new(Fault::TIMEOUT, TOO_LONG).with_id();
    tracing::warn!(channel = C::NAME, connection = %socket.id(), what, %id, "timed out");
    socket.answer_fault(&fault);
    id
}

pub(crate) fn interrupted<C: Channel>(socket: &Socket<C>, why: Interrupted, what: &'static str) {
    let close = match why {
        Interrupted::Panicked => {
            let (fault, id) = Fault::unexplained();
            tracing::error!(channel = C::NAME, connection = %socket.id(), what, %id, "panicked");
            if socket.awaits_answer() {
                socket.answer_fault(&fault);
            }
            socket.keep_fault(&fault);
            // Without a `ref`, the close is all that the client receives.
            Close::new(ClosedBy::Panic, CloseCode::INTERNAL, format!("{} ({id})", fault.message))
        }
        Interrupted::Cancelled => {
            tracing::warn!(channel = C::NAME, connection = %socket.id(), what, "cancelled: the server stops");
            let fault = Fault::new(Fault::TIMEOUT, "the server stops");
            if socket.awaits_answer() {
                socket.answer_fault(&fault);
            }
            socket.keep_fault(&fault);
            Close::going_away()
        }
        Interrupted::TimedOut => {
            let id = timed_out(socket, what);
            let counters = socket.counters();
            let may_be_missed = match counters.takes_text {
                true => matches!(what, "on_text" | "on_binary"),
                false => !counters.names_messages,
            };
            if !may_be_missed {
                return;
            }
            // No error frame says that a message was given up, and its client would go on as if it had been handled.
            Close::new(ClosedBy::Server, CloseCode::INTERNAL, format!("{TOO_LONG} ({id})"))
        }
        Interrupted::ClientGone => {
            tracing::debug!(channel = C::NAME, connection = %socket.id(), what, "dropped: its client is gone");
            socket.keep_fault(&Fault::new(Fault::CANCELLED, "it was begun, and its client had gone"));
            return;
        }
    };
    socket.claim().flush_batch();
    socket.member().outbox().close(close);
}

pub(crate) fn begin_work<C: Channel>(socket: &Socket<C>, what: &'static str) -> WorkGuard {
    socket.member().outbox().activity().begin(Work::Session { channel: C::NAME, what })
}
