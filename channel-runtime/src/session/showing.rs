//! What is seen of a connection by those who are told who is present: the hook `presence` is asked again.

use crate::connection::contained::contain;
use crate::session::dispatch::Dispatch;
use crate::session::outcome::RunningCall;
use crate::socket::Socket;

/// If the hook panics, the connection is closed, as for any handler.
pub(crate) fn show_anew<C: Dispatch>(handler: &C, socket: &Socket<C>) {
    let running = RunningCall::of_hook(socket, "presence");
    let member = socket.member();
    let before = member.own_room.shown(member);
    match contain(|| handler.shown(before.as_ref())) {
        Ok(Some(shown)) => member.own_room.show(member, shown),
        Ok(None) => {}
        Err(panicked) => running.end(socket, Err(panicked.into())),
    }
    drop(before);
    member.own_room.attend_presence();
}
