//! Sends what a handler or a hook returned: the functions that the expansion of `#[channel]` calls.

use crate::channel::Channel;
use crate::protocol::message::Messages;
use crate::socket::Socket;
use crate::socket::deferred::Deferred;
use crate::socket::reply::{self, Flow, IntoFault, Reply};

/// Sends what a handler or a hook returned.
pub fn reply<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// Like `reply`, for a type of the standard library, which can be no message.
pub fn reply_data<C: Channel, R: DataReply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// Like `reply`, for a deferred answer, so that an error names the type in it.
pub fn reply_deferred<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: Deferred<R>) -> Flow {
    reply.reply(socket)
}

/// What may be returned, required of types of the standard library.
#[diagnostic::on_unimplemented(
    message = "a handler of `{C}` cannot return `{Self}`",
    label = "data, and no message",
    note = "wrap it, `Success(..)` of type `Success<{Self}>`: the client is sent `{{\"type\":\"success\",\"data\":..}}`",
    note = "or return `()`, or a message that is listed in `sends(..)`, with a field for it"
)]
pub trait DataReply<C: Channel>: Reply<C> {}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: Reply<C>> DataReply<C> for R {}

/// Sends an error. The expansion matches on the `Result`: if a whole `Result` were no `Reply`, the compiler would not name the half
/// that is the reason.
pub fn fail<C: Channel, E: IntoFault>(socket: &Socket<C>, error: E) -> Flow {
    reply::fault(socket, error.into_fault())
}

/// For the generated `..ToClient` enum's `Reply`.
pub fn reply_one_of<C: Channel<ToClient = T>, T: Messages>(socket: &Socket<C>, message: &T) -> Flow {
    socket.answer_one_of(message);
    Flow::Continue
}
