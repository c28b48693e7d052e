//! The stream below an HTTP connection, with timeouts: a client that sends nothing, or reads nothing, does not keep its place.

use std::any::Any;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::connection::moment::after;
use crate::connection::stream::send_now;
use crate::connection::unread::{Unread, time_for};
use crate::server::exchange::Exchange;

/// Bounds how long a client that reads nothing is waited for.
const MOST_UNREAD: u64 = 512 * 1024;

/// How often a write to a full socket is retried: the kernel reports room only once a third is free, which may take minutes.
const TRY_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct TimedStream<I> {
    io: I,
    clocks: Option<Box<Clocks>>,
}

impl<I> TimedStream<I> {
    /// Reads fail if a request's head takes longer than `header_timeout`, or the next request longer than `keep_alive_timeout`.
    /// Writes fail if the client reads nothing for `header_timeout` and the time that it may need for what it has not read yet.
    pub fn new(io: I, exchange: Arc<Exchange>, header_timeout: Duration, keep_alive_timeout: Duration) -> Self {
        let clocks = Clocks {
            exchange,
            header_timeout,
            keep_alive_timeout,
            awaits: Awaits::Head,
            seen: 0,
            deadline: Box::pin(sleep(header_timeout)),
            unread: Unread::default(),
            blocked: None,
            has_room: false,
        };
        Self { io, clocks: Some(Box::new(clocks)) }
    }

    pub fn into_inner(self) -> I {
        self.io
    }

    fn split(&mut self) -> (&mut I, Option<&mut Clocks>) {
        if self.clocks.as_ref().is_some_and(|clocks| clocks.exchange.is_over()) {
            self.clocks = None;
        }
        (&mut self.io, self.clocks.as_deref_mut())
    }
}

struct Clocks {
    exchange: Arc<Exchange>,
    header_timeout: Duration,
    keep_alive_timeout: Duration,
    awaits: Awaits,
    seen: u32,
    deadline: Pin<Box<Sleep>>,
    unread: Unread,
    blocked: Option<Blocked>,
    /// A write behind tokio's back has succeeded: the room that it left is filled before a write counts as progress of the client.
    has_room: bool,
}

#[derive(PartialEq, Eq)]
enum Awaits {
    Head,
    Request,
    Nothing,
}

struct Blocked {
    until: Instant,
    next_try: Pin<Box<Sleep>>,
}

impl Clocks {
    fn on_read(&mut self) {
        if self.exchange.is_in_hand() {
            self.awaits = Awaits::Nothing;
        } else if self.awaits != Awaits::Head || self.seen != self.exchange.begun() {
            self.expect(Awaits::Head, self.header_timeout);
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.exchange.poll_answered(cx).is_pending() || self.blocked.is_some() {
            self.awaits = Awaits::Nothing;
            return Poll::Pending;
        }
        if self.awaits == Awaits::Nothing || self.seen != self.exchange.begun() {
            self.expect(Awaits::Request, self.keep_alive_timeout);
        }
        ready!(self.deadline.as_mut().poll(cx));
        let why = match self.awaits {
            Awaits::Request => "no further request came",
            _ => "the head of a request did not come in time",
        };
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, why)))
    }

    fn expect(&mut self, awaits: Awaits, patience: Duration) {
        (self.awaits, self.seen) = (awaits, self.exchange.begun());
        self.deadline.as_mut().reset(after(Instant::now(), patience));
    }

    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        try_to_write: impl Fn() -> Option<usize>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.has_room = false;
                Poll::Ready(Ok(self.on_written(cx, bytes)))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_blocked(cx, try_to_write),
        }
    }

    fn on_written(&mut self, cx: &mut Context<'_>, bytes: usize) -> usize {
        self.unread.add(bytes, MOST_UNREAD, Instant::now());
        if self.blocked.take().is_some() && !self.exchange.is_in_hand() {
            // Hyper does not read again by itself after the rest of an answer.
            self.expect(Awaits::Request, self.keep_alive_timeout);
            // Polled for its wake-up alone. The next read returns the error.
            let _ = self.deadline.as_mut().poll(cx);
        }
        bytes
    }

    fn poll_blocked(
        &mut self,
        cx: &mut Context<'_>,
        try_to_write: impl Fn() -> Option<usize>,
    ) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.has_room)
            && let Some(bytes) = try_to_write()
        {
            self.has_room = true;
            return Poll::Ready(Ok(self.on_written(cx, bytes)));
        }
        let Blocked { until, next_try } = self.blocked.get_or_insert_with(|| {
            let now = Instant::now();
            let until = after(now, self.header_timeout.saturating_add(time_for(self.unread.at(now))));
            Blocked { until, next_try: Box::pin(tokio::time::sleep_until(until.min(now + TRY_EVERY))) }
        });
        loop {
            ready!(next_try.as_mut().poll(cx));
            if let Some(bytes) = try_to_write() {
                self.has_room = true;
                return Poll::Ready(Ok(self.on_written(cx, bytes)));
            }
            let now = Instant::now();
            if now >= *until {
                return Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "nothing of an answer was taken")));
            }
            next_try.as_mut().reset((*until).min(now + TRY_EVERY));
        }
    }
}

fn try_to_write<I: 'static>(io: &I, bytes: &[u8]) -> Option<usize> {
    let socket = (io as &dyn Any).downcast_ref::<TcpStream>()?;
    send_now(socket, bytes).ok().filter(|written| *written > 0)
}

impl<I: AsyncRead + Unpin> AsyncRead for TimedStream<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (io, clocks) = self.split();
        let before = buffer.filled().len();
        let read = Pin::new(io).poll_read(cx, buffer);
        let Some(clocks) = clocks else { return read };
        match read {
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before {
                    clocks.on_read();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => clocks.poll_idle(cx),
        }
    }
}

impl<I: AsyncWrite + Unpin + 'static> AsyncWrite for TimedStream<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let (io, clocks) = self.split();
        let written = Pin::new(&mut *io).poll_write(cx, bytes);
        match clocks {
            Some(clocks) => clocks.poll_written(cx, written, || try_to_write(io, bytes)),
            None => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (io, clocks) = self.split();
        let written = Pin::new(&mut *io).poll_write_vectored(cx, pieces);
        match clocks {
            Some(clocks) => clocks.poll_written(cx, written, || {
                let piece = pieces.iter().find(|piece| !piece.is_empty())?;
                try_to_write(io, piece)
            }),
            None => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
