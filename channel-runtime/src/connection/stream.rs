//! The byte stream of a connection: a TCP socket if there is one, anything else boxed.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The thread's buffer for reads. It holds 2,700 empty frames, which bounds what a hostile client can have parked by one read.
const SCRATCH_BYTES: usize = 16 * 1024;

pub(crate) enum Transport {
    Tcp(TcpStream),
    Other(Box<dyn Io>),
}

/// The part of the connection's own task: of a TCP socket the reading half. The outbox has the writing half, and passes it in.
pub(crate) enum Stream {
    Tcp(OwnedReadHalf),
    Other(Box<dyn Io>),
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Transport {
    pub fn tcp(stream: TcpStream) -> Self {
        // Fails only on a socket that is gone, which the first read reports.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }

    /// Its socket takes more while it holds fewer unsent bytes, if it is one of TCP.
    #[cfg_attr(
        not(any(target_os = "android", target_os = "linux")),
        expect(unused_variables, reason = "others lack the option")
    )]
    pub fn hold_at_most(&self, unsent: usize) {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Self::Tcp(stream) = self {
            // 0 would be no bound. Fails only on a socket that is gone, which the first read reports.
            let unsent = u32::try_from(unsent.max(1)).unwrap_or(u32::MAX);
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(unsent);
        }
    }

    pub fn split(self) -> (Stream, Option<OwnedWriteHalf>) {
        match self {
            Self::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (Stream::Tcp(read), Some(write))
            }
            Self::Other(io) => (Stream::Other(io), None),
        }
    }
}

impl Stream {
    /// Reads once, into the thread's scratch, and passes the bytes to `take`: none at the end of the stream.
    pub fn poll_read<T>(&mut self, cx: &mut Context<'_>, take: impl FnOnce(&mut [u8]) -> T) -> Poll<io::Result<T>> {
        thread_local! {
            /// Bytes of earlier reads stay in it; `take` sees only those of its own. After a panic the next read makes another.
            static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
        }
        let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; SCRATCH_BYTES].into());
        let mut buffer = ReadBuf::new(&mut scratch);
        let read = match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Other(io) => Pin::new(io).poll_read(cx, &mut buffer),
        };
        let taken = read.map_ok(|()| take(buffer.filled_mut()));
        SCRATCH.set(Some(scratch));
        taken
    }

    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        socket: Option<&mut OwnedWriteHalf>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match (self, socket) {
            (_, Some(socket)) => Pin::new(socket).poll_write(cx, bytes),
            (Self::Other(io), None) => Pin::new(io).poll_write(cx, bytes),
            (Self::Tcp(_), None) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        match self {
            Self::Tcp(_) => Ok(Poll::Ready(())),
            Self::Other(io) => match Pin::new(io).poll_flush(cx) {
                Poll::Ready(result) => result.map(Poll::Ready),
                Poll::Pending => Ok(Poll::Pending),
            },
        }
    }

    /// The client sees the end of the stream after all that was written.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>, socket: Option<&mut OwnedWriteHalf>) -> Poll<io::Result<()>> {
        match (self, socket) {
            (_, Some(socket)) => Pin::new(socket).poll_shutdown(cx),
            (Self::Other(io), None) => {
                ready!(Pin::new(&mut *io).poll_flush(cx))?;
                Pin::new(io).poll_shutdown(cx)
            }
            (Self::Tcp(_), None) => Poll::Ready(Ok(())),
        }
    }
}

/// Not by tokio's `try_write`, which first checks for readiness: that costs a broadcast a fetch from memory for each member.
pub(crate) fn write_now(socket: &OwnedWriteHalf, bytes: &[u8]) -> io::Result<usize> {
    send_now(socket.as_ref(), bytes)
}

#[cfg(unix)]
pub(crate) fn send_now(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, rustix::net::SendFlags::NOSIGNAL)?)
}

#[cfg(not(unix))]
pub(crate) fn send_now(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    socket.try_write(bytes)
}
