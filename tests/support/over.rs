//! What lies between the clients and the servers of a program of tests: TCP, unless the program is named after something else.
//!
//! So a suite is run over something else by a program that includes it and has the name.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use channel_runtime::Listener;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

pub enum Over {
    Tcp,
    /// TCP that the server does not know to be TCP.
    Boxed,
    Tls,
}

pub const OVER: Over = match env!("CARGO_CRATE_NAME").as_bytes() {
    b"over_boxed" => Over::Boxed,
    b"over_tls" => Over::Tls,
    _ => Over::Tcp,
};

/// A client's stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// What it comes to in the end.
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

/// A stream in memory, for tests whose clock stands still.
impl Stream for DuplexStream {
    fn tcp(&self) -> &TcpStream {
        panic!("a stream in memory is no TCP")
    }
}

#[cfg(unix)]
impl Stream for tokio::net::UnixStream {
    fn tcp(&self) -> &TcpStream {
        panic!("a unix socket is no TCP")
    }
}

/// Goes as far as a client's stream goes: through the TLS handshake, where there is one.
pub async fn client(stream: TcpStream) -> io::Result<Box<dyn Stream>> {
    match OVER {
        Over::Tcp | Over::Boxed => Ok(Box::new(stream)),
        #[cfg(feature = "tls")]
        Over::Tls => Ok(Box::new(super::tls::client(stream).await?)),
        #[cfg(not(feature = "tls"))]
        Over::Tls => unreachable!("this program needs the feature `tls`"),
    }
}

/// Accepts TCP, and hides it.
pub struct BoxedListener(pub TcpListener);

impl Listener for BoxedListener {
    type Io = Boxed;

    async fn accept(&mut self) -> io::Result<(Boxed, Option<SocketAddr>)> {
        let (stream, peer) = Listener::accept(&mut self.0).await?;
        Ok((Boxed(stream), peer))
    }
}

pub struct Boxed(TcpStream);

impl AsyncRead for Boxed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Boxed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
