//! How a connection ends on the wire: what waits and our Close are sent, then the client is given time to end too.
//!
//! No reset may destroy what the client has not read yet: so its stream is read to its end, whatever still comes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::{Instant, sleep, timeout};

use crate::moment::after;
use crate::outbox::Outbox;
use crate::registry::Registry;
use crate::unread::time_for;
use crate::wire::transport::Stream;

/// Sends what waits, ends our half of the stream, and reads until the client has ended its own. Cut when the client has taken
/// nothing for `timeout`. One that takes a little now and then could hold its place for as long as it likes, and a server that
/// stops: so it is cut too when the time is over that a slow line [needs](time_for) for all that waits, and `timeout`; and so long
/// after the server has given up.
pub(crate) async fn finish(stream: &mut Stream, outbox: &Outbox, registry: &Arc<Registry>, timeout: Duration) {
    // Not boxed: the future of a connection's end is, and is made when it ends.
    let mut deadline = pin!(sleep(timeout));
    let whole = after(Instant::now(), timeout.saturating_add(time_for(outbox.bytes() as u64)));
    let mut last = pin!(async {
        registry.has_given_up().await;
        sleep(timeout).await;
    });
    let mut drained = false;
    poll_fn(|cx| {
        // First, for it has its share of tokio's budget too: a client that floods us would use up all of it.
        if deadline.as_mut().poll(cx).is_ready() || last.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while !drained {
            match outbox.drain(cx, stream) {
                Ok(progress) => {
                    if progress.wrote {
                        deadline.as_mut().reset(after(Instant::now(), timeout).min(whole));
                    }
                    if !progress.empty {
                        break;
                    }
                }
                Err(_) => return Poll::Ready(()),
            }
            match outbox.poll_shutdown(cx, stream) {
                Poll::Ready(Ok(())) => drained = true,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        // What comes now has no meaning any more; only its end has. Read all the same: a client that is stuck in writing does
        // not read.
        loop {
            match stream.poll_read(cx, |input| input.len()) {
                Poll::Ready(Ok(1..)) => {}
                // It has ended its half alone, as far as we know, and is still owed what waits.
                Poll::Ready(Ok(0)) if !drained => return Poll::Pending,
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

/// Ends a connection that has not begun, with these frames, a Close at their end; cut after `patience`.
pub(crate) async fn turn_away(
    stream: &mut Stream,
    mut socket: Option<OwnedWriteHalf>,
    frames: &[u8],
    patience: Duration,
) {
    let (mut written, mut has_shut) = (0, false);
    let ending = poll_fn(|cx| {
        while written < frames.len() {
            match ready!(stream.poll_write(cx, socket.as_mut(), &frames[written..])) {
                Ok(bytes @ 1..) => written += bytes,
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
        if !has_shut {
            if ready!(stream.poll_shutdown(cx, socket.as_mut())).is_err() {
                return Poll::Ready(());
            }
            has_shut = true;
        }
        // As in `finish`.
        while let Ok(1..) = ready!(stream.poll_read(cx, |input| input.len())) {}
        Poll::Ready(())
    });
    // Whether it has ended or was cut, it is over.
    let _ = timeout(patience, ending).await;
}
