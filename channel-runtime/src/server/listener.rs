//! Where connections come from: a TCP port, a unix socket, or what else gives streams of bytes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// What a [`Server`](crate::Server) accepts connections from. TCP and unix sockets are; anything else can be made one, for
/// example a listener that reads the client's address from a proxy's first line.
///
/// A TCP socket that is passed on as it is, a [`TcpStream`], is written to by whoever sends. Any other stream is written by
/// its connection's own task.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no listener",
    label = "nothing is accepted from this",
    note = "an address is served by `.serve(addr).await`, or bound by `.bind(addr).await?` and then `.run().await`"
)]
pub trait Listener: Send + 'static {
    /// What is accepted.
    type Io: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next connection, and tells its client's address where it has one. Dropped while it waits, it has lost
    /// no connection.
    ///
    /// # Errors
    /// Nothing is accepted now. The server tries again: at once after [`io::ErrorKind::ConnectionAborted`], which is one
    /// client's own, and else after a moment, for most often file descriptors are wanting.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // What is written is meant to leave. Fails only on a socket that is gone; the first read will say so.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(peer)))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;

    async fn accept(&mut self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        let (stream, _) = UnixListener::accept(self).await?;
        Ok((stream, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_to_an_accepted_socket_leaves_at_once() {
        let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = TcpStream::connect(addr).await.unwrap();
        let (stream, peer) = Listener::accept(&mut listener).await.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(peer, Some(client.local_addr().unwrap()));
    }
}
