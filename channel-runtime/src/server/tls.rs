//! TLS below HTTP, by rustls.

use std::any::Any;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
#[cfg(any(target_os = "android", target_os = "linux"))]
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// A socket is writable below so many unsent bytes. By default a third of its buffer must be free: slow clients seem not to read.
#[cfg(any(target_os = "android", target_os = "linux"))]
const NOT_SENT: u32 = 32 * 1024;

#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    pub fn new(config: Arc<ServerConfig>) -> Self {
        let mut config = Arc::unwrap_or_clone(config);
        // A client that could speak HTTP/2 must know.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(TlsAcceptor::from(Arc::new(config)))
    }

    /// The kernel reports what a client reads in steps of [`NOT_SENT`], if the stream is a TCP socket.
    #[cfg_attr(
        not(any(target_os = "android", target_os = "linux")),
        expect(unused_variables, reason = "others lack the option")
    )]
    pub fn observe(io: &dyn Any) {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Some(stream) = io.downcast_ref::<TcpStream>() {
            // Fails only on a closed socket, which the first read reports.
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT);
        }
    }

    pub fn wrap<I: AsyncRead + AsyncWrite + Unpin>(&self, io: I) -> TlsIo<I> {
        TlsIo::Handshake(self.0.accept(io))
    }
}

/// The handshake is part of the first read, so that the connection's own task does it, within `header_timeout`.
pub(crate) enum TlsIo<I> {
    Handshake(Accept<I>),
    Open(TlsStream<I>),
    Failed,
}

impl<I: AsyncRead + AsyncWrite + Unpin> TlsIo<I> {
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<I>>>> {
        if let Self::Handshake(accept) = self {
            *self = match ready!(Pin::new(accept).poll(cx)) {
                Ok(stream) => Self::Open(stream),
                Err(error) => {
                    *self = Self::Failed;
                    return Poll::Ready(Err(error));
                }
            };
        }
        match self {
            Self::Open(stream) => Poll::Ready(Ok(Pin::new(stream))),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsIo<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_read(cx, buffer)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsIo<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Open(stream) => Pin::new(stream).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Open(stream) => Pin::new(stream).poll_shutdown(cx),
            // A server that stops waits for no TLS handshake.
            _ => Poll::Ready(Ok(())),
        }
    }
}
