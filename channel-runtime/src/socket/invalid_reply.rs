//! What is sent for a message that could not be decoded: the usual error, or what `on_invalid` returned.

use crate::channel::Channel;
use crate::protocol::codec::DecodeError;
use crate::protocol::fault::Fault;
use crate::socket::Socket;
use crate::socket::reply::{Flow, fault};
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// The error that is sent without `on_invalid`.
pub fn usual<C: Channel>(socket: &Socket<C>, error: &DecodeError) -> Fault {
    socket.invalid(error.clone())
}

/// What is done without `on_invalid`. A client of raw text reads no error, so it is closed: only a binary message is invalid there.
pub(crate) fn without_hook<C: Channel>(socket: &Socket<C>, error: DecodeError) -> Flow {
    let usual = socket.invalid(error);
    if C::TAKES_TEXT {
        socket.member().outbox().close(Close::new(ClosedBy::Violation, CloseCode::UNSUPPORTED, &*usual.message));
    }
    fault(socket, usual)
}

/// Sends what `on_invalid` returned.
pub fn invalid<C: Channel, R: InvalidReply<C>>(socket: &Socket<C>, usual: Fault, result: R) -> Flow {
    result.finish(usual, socket)
}

/// What `on_invalid` may return: `()` for the usual fault, a fault, or `None` for the usual one only if the message had a `ref`.
#[diagnostic::on_unimplemented(
    message = "`on_invalid` cannot return `{Self}`",
    label = "not what `on_invalid` returns",
    note = "return `()` for the usual error frame, or a `Fault`, or an `Option<Fault>`"
)]
pub trait InvalidReply<C: Channel>: Send {
    /// Sends the fault, or the `usual` one.
    fn finish(self, usual: Fault, socket: &Socket<C>) -> Flow;
}

impl<C: Channel> InvalidReply<C> for () {
    fn finish(self, usual: Fault, socket: &Socket<C>) -> Flow {
        fault(socket, usual)
    }
}

impl<C: Channel> InvalidReply<C> for Fault {
    fn finish(self, _: Fault, socket: &Socket<C>) -> Flow {
        fault(socket, self)
    }
}

impl<C: Channel> InvalidReply<C> for Option<Fault> {
    fn finish(self, usual: Fault, socket: &Socket<C>) -> Flow {
        match self {
            Some(other) => fault(socket, other),
            None if socket.awaits_answer() => fault(socket, usual),
            None => Flow::Continue,
        }
    }
}
