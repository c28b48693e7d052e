//! The closing handshake of a connection: what waits and our Close are sent, then the client has time to close too.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::{Instant, sleep, timeout};

use crate::connection::moment::after;
use crate::connection::outbox::Outbox;
use crate::connection::shutdown::Shutdown;
use crate::connection::stream::Stream;
use crate::connection::unread::time_for;
use crate::wire::close::ClosedBy;

/// The connection is cut when the client has taken nothing for `timeout`; `timeout` after the server's abort; and, as it could take
/// a little now and then for ever, `timeout` after the time that a slow line [needs](time_for) for all that waits. If nobody can
/// [write](Outbox::is_direct) before the kernel reports progress, that time is the first bound too, unless it took nothing before.
pub(crate) async fn finish(stream: &mut Stream, outbox: &Outbox, shutdown: &Shutdown, timeout: Duration) {
    let most = timeout.saturating_add(time_for(outbox.bytes() as u64));
    let whole = after(Instant::now(), most);
    let has_stalled = matches!(outbox.closed_by(), Some(ClosedBy::SlowClient | ClosedBy::NoPong));
    let patience = if outbox.is_direct() || has_stalled { timeout } else { most };
    // Not boxed, because the whole future of a connection's end is.
    let mut deadline = pin!(sleep(patience));
    let mut last = pin!(async {
        shutdown.abort_started().await;
        sleep(timeout).await;
    });
    let mut taken = outbox.handed();
    let mut drained = false;
    poll_fn(|cx| {
        // First, because the timer needs some of tokio's budget, and a client that floods us would use up all of it.
        while deadline.as_mut().poll(cx).is_ready() {
            outbox.nudge();
            let (now, before) = (Instant::now(), std::mem::replace(&mut taken, outbox.handed()));
            if drained || now >= whole || taken == before {
                return Poll::Ready(());
            }
            deadline.as_mut().reset(after(now, timeout).min(whole));
        }
        if last.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while !drained {
            match outbox.drain(cx, stream) {
                Ok(progress) => {
                    if progress.wrote {
                        taken = outbox.handed();
                        let patience = if progress.empty { timeout } else { patience };
                        deadline.as_mut().reset(after(Instant::now(), patience).min(whole));
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
        // All is read: a reset would destroy what the client has not read yet, and one that is stuck in writing does not read.
        loop {
            match stream.poll_read(cx, |input| input.len()) {
                Poll::Ready(Ok(1..)) => {}
                // The client may have ended its half alone, and still get what waits.
                Poll::Ready(Ok(0)) if !drained => return Poll::Pending,
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

/// Ends a connection whose session has not begun. The last frame is a Close.
pub(crate) async fn reject_client(
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
        while let Ok(1..) = ready!(stream.poll_read(cx, |input| input.len())) {}
        Poll::Ready(())
    });
    // The connection is over, whether the client has ended it or it was cut.
    let _ = timeout(patience, ending).await;
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};

    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::advance;

    use super::*;
    use crate::connection::in_flight::Activity;
    use crate::connection::outbox::Sender;
    use crate::connection::stream::Transport;
    use crate::wire::close::Close;
    use crate::wire::frame::{Opcode, frame};

    const PATIENCE: Duration = Duration::from_secs(2);
    const PIPE: usize = 64 * 1024;

    async fn has_ended(mut ends: Pin<&mut impl Future<Output = ()>>) -> bool {
        poll_fn(|cx| Poll::Ready(ends.as_mut().poll(cx).is_ready())).await
    }

    fn boxed() -> (DuplexStream, Stream, Outbox) {
        let (client, server) = duplex(PIPE);
        let outbox = Outbox::new(1 << 20, Activity::default());
        outbox.welcome_is_over();
        for _ in 0..4 {
            let _ = outbox.push(frame(Opcode::Binary, &[7; PIPE]), Sender::Own);
        }
        (client, Transport::Other(Box::new(server)).split().0, outbox)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_below_whose_stream_nobody_looks_has_the_time_that_a_slow_line_needs() {
        let shutdown = Shutdown::default();
        let (mut client, mut stream, outbox) = boxed();
        assert!(outbox.close(Close::going_away()));
        let whole = outbox.bytes();
        let reads = async {
            let mut read = vec![0; whole];
            for piece in read.chunks_mut(PIPE) {
                sleep(Duration::from_secs(4)).await;
                client.read_exact(piece).await.unwrap();
            }
            assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
            drop(client);
        };
        let ends = async {
            finish(&mut stream, &outbox, &shutdown, PATIENCE).await;
            drop(stream);
        };
        tokio::join!(reads, ends);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_of_it_is_cut_then_and_one_that_has_taken_nothing_before_at_once() {
        for (by, seconds) in [(ClosedBy::Server, 18), (ClosedBy::SlowClient, 2), (ClosedBy::NoPong, 2)] {
            let shutdown = Shutdown::default();
            let (_client, mut stream, outbox) = boxed();
            assert!(outbox.close(Close::new(by, Close::going_away().code, "")));
            let start = Instant::now();
            finish(&mut stream, &outbox, &shutdown, PATIENCE).await;
            assert_eq!(start.elapsed().as_secs(), seconds, "{by:?}");
        }
        let shutdown = Shutdown::default();
        let (mut client, mut stream, outbox) = boxed();
        assert!(outbox.close(Close::going_away()));
        let start = Instant::now();
        let reads = async { client.read_to_end(&mut Vec::new()).await.unwrap() };
        tokio::join!(reads, finish(&mut stream, &outbox, &shutdown, PATIENCE));
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_less_than_its_kernel_says_anything_about_is_not_cut_while_it_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut stream, socket) = Transport::Tcp(listener.accept().await.unwrap().0).split();
        let outbox = Outbox::new(64 << 20, Activity::default());
        outbox.attach(socket.unwrap());
        outbox.welcome_is_over();
        while outbox.bytes() < 16 << 20 {
            let _ = outbox.push(frame(Opcode::Binary, &[7; 1 << 16]), Sender::Own);
        }
        assert!(outbox.close(Close::going_away()));
        let shutdown = Shutdown::default();
        let mut ends = pin!(finish(&mut stream, &outbox, &shutdown, PATIENCE));
        assert!(!has_ended(ends.as_mut()).await);
        for _ in 0..5 {
            client.read_exact(&mut vec![0; 256 << 10]).await.unwrap();
            let taken = outbox.handed();
            while outbox.handed() == taken {
                outbox.nudge();
                tokio::task::yield_now().await;
            }
            advance(PATIENCE).await;
            assert!(!has_ended(ends.as_mut()).await, "it reads");
        }
        let mut is_cut = false;
        for _ in 0..3 {
            advance(PATIENCE).await;
            is_cut = is_cut || has_ended(ends.as_mut()).await;
        }
        assert!(is_cut, "it reads no more");
    }
}
