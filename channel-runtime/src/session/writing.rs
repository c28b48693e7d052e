//! Writing what waits for a client, and behind it the newest values of its rooms that it has not had.

use std::io;
use std::sync::Arc;
use std::task::Context;

use crate::connection::stream::Stream;
use crate::room::member::Member;
use crate::room::registry::Registry;

/// How many times newest values are pulled, each time that they were written, before other tasks run.
const MOST_PULLS: usize = 8;

/// Returns whether the connection ends because the server goes away.
///
/// # Errors
/// Those of the stream: the client is gone.
#[inline]
pub(super) fn write(
    registry: &Registry,
    connection: &Arc<Member>,
    cx: &mut Context<'_>,
    stream: &mut Stream,
) -> io::Result<bool> {
    let mut pulled = 0;
    loop {
        let progress = connection.outbox().drain(cx, stream)?;
        // A slow client that takes some of it is alive: its pong may be far behind, too.
        if progress.resumed {
            connection.apart.liveness.mark_received();
        }
        if !progress.pulls {
            return Ok(progress.is_draining);
        }
        if pulled == MOST_PULLS {
            // There may be more. Other tasks first.
            connection.outbox().pull_later();
            cx.waker().wake_by_ref();
            return Ok(progress.is_draining);
        }
        registry.pull_newest(connection);
        pulled += 1;
    }
}
