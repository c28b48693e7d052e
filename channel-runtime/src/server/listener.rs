//! Listeners: TCP and unix sockets, or anything else that accepts byte streams.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// A socket takes more data while it holds fewer unsent bytes. Otherwise the kernel keeps up to 4 MB for each client that does not
/// read, and writes to hundreds of those take milliseconds each. Data on its way is not counted, so a fast client stays fast.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNSENT: u32 = 256 * 1024;

/// What a [`Server`](crate::Server) accepts connections from. TCP and unix sockets implement it. Implement it for other
/// listeners, for example one that reads the client's address from a proxy's first line.
///
/// A plain [`TcpStream`] is written to directly by the thread that sends, any other stream by its connection's own task.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no listener",
    label = "nothing is accepted from this",
    note = "an address is served by `.serve(addr).await`, or bound by `.bind(addr).await?` and then `.run().await`"
)]
pub trait Listener: Send + 'static {
    /// The stream of an accepted connection.
    type Io: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next connection, and returns it with its client's address, if it has one. The future can be dropped while it
    /// waits, and no connection is lost.
    ///
    /// # Errors
    /// If nothing can be accepted now. The server tries again: at once after [`io::ErrorKind::ConnectionAborted`], which concerns
    /// one client, and after a pause otherwise, because most often file descriptors are lacking.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Small frames must not wait. Fails only on a closed socket, which the first read reports.
        let _ = stream.set_nodelay(true);
        #[cfg(any(target_os = "android", target_os = "linux"))]
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
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
    async fn what_is_written_to_an_accepted_socket_leaves_at_once_and_little_waits_in_it() {
        let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = TcpStream::connect(addr).await.unwrap();
        let (stream, peer) = Listener::accept(&mut listener).await.unwrap();
        assert!(stream.nodelay().unwrap());
        #[cfg(any(target_os = "android", target_os = "linux"))]
        assert_eq!(socket2::SockRef::from(&stream).tcp_notsent_lowat().unwrap(), UNSENT);
        assert_eq!(peer, Some(client.local_addr().unwrap()));
    }
}
