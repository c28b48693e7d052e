//! Writing what waits for a client, and behind it the newest values of its rooms that it has not had.

use std::io;
use std::sync::Arc;
use std::task::Context;

use crate::connection::outbox::writing::Drained;
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
    let progress = drain(connection, cx, stream)?;
    match progress.pulls {
        true => pull(registry, connection, cx, stream),
        false => Ok(progress.is_draining),
    }
}

#[inline]
fn drain(connection: &Member, cx: &mut Context<'_>, stream: &mut Stream) -> io::Result<Drained> {
    let progress = connection.outbox().drain(cx, stream)?;
    // A slow client that takes some of it is alive: its pong may be far behind, too.
    if progress.resumed {
        connection.apart.liveness.mark_received();
    }
    Ok(progress)
}

#[cold]
fn pull(registry: &Registry, connection: &Arc<Member>, cx: &mut Context<'_>, stream: &mut Stream) -> io::Result<bool> {
    let mut is_draining = false;
    for _ in 0..MOST_PULLS {
        registry.pull_newest(connection);
        let progress = drain(connection, cx, stream)?;
        if !progress.pulls {
            return Ok(progress.is_draining);
        }
        is_draining = progress.is_draining;
    }
    // There may be more. Other tasks first.
    connection.outbox().pull_later();
    cx.waker().wake_by_ref();
    Ok(is_draining)
}
