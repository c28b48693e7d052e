//! The byte stream of a connection to Redis: TCP, a unix socket, or TLS, which is read no faster than its parcels are taken.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::task::AtomicWaker;
use redis::ConnectionAddr;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::cluster::engine::EngineError;

/// Bytes that wait unread in this process, at most, or so: the client itself has no bound. What is beyond waits at Redis, which cuts a
/// subscriber for which too much waits.
const UNREAD: usize = 16 << 20;
/// The longest answer to a login.
const ANSWER: usize = 1 << 10;

trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

pub(super) struct Stream {
    bytes: Box<dyn ByteStream>,
    gate: Option<Arc<Gate>>,
    lost: Arc<watch::Sender<bool>>,
}

impl Stream {
    pub async fn connect(
        addr: &ConnectionAddr,
        secured: Option<Arc<ClientConfig>>,
        gate: Option<Arc<Gate>>,
        lost: Arc<watch::Sender<bool>>,
    ) -> Result<Self, EngineError> {
        let bytes: Box<dyn ByteStream> = match addr {
            ConnectionAddr::Tcp(host, port) => {
                let tcp = TcpStream::connect((host.as_str(), *port)).await.map_err(EngineError::new)?;
                tcp.set_nodelay(true).map_err(EngineError::new)?;
                match secured {
                    None => Box::new(tcp),
                    Some(config) => {
                        let name = ServerName::try_from(host.clone()).map_err(EngineError::new)?;
                        Box::new(TlsConnector::from(config).connect(name, tcp).await.map_err(EngineError::new)?)
                    }
                }
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => {
                Box::new(tokio::net::UnixStream::connect(path).await.map_err(EngineError::new)?)
            }
            other => return Err(EngineError::new(format!("{other} is of no kind that is known here"))),
        };
        Ok(Self { bytes, gate, lost })
    }

    /// By hand, because the client keeps the server's words to itself.
    pub async fn log_in(&mut self, user: Option<&str>, password: &str) -> Result<(), EngineError> {
        let mut command = redis::cmd("AUTH");
        command.arg(user).arg(password);
        self.write_all(&command.get_packed_command()).await.map_err(EngineError::new)?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n") && answer.len() < ANSWER {
            answer.push(self.read_u8().await.map_err(EngineError::new)?);
        }
        let answer = String::from_utf8_lossy(&answer);
        match answer.trim_end().strip_prefix('-') {
            Some(error) => Err(EngineError::new(error)),
            None => Ok(()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Some(gate) = &self.gate {
            ready!(gate.poll_open(cx));
        }
        let read = ready!(Pin::new(&mut self.bytes).poll_read(cx, buf));
        if let Some(gate) = &self.gate {
            gate.unread.fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(cx)
    }
}

impl Drop for Stream {
    /// The client's task drops it when the connection ends, whatever the reason.
    fn drop(&mut self) {
        self.lost.send_replace(true);
    }
}

/// Between a connection's task, which would read all there is, and who takes parcels.
#[derive(Default)]
pub(super) struct Gate {
    /// Bytes that were read since all that had been read was taken.
    unread: AtomicUsize,
    /// All that was read is taken. However much of the next parcel is read, there is none that could be taken instead.
    waits: AtomicBool,
    reader: AtomicWaker,
}

impl Gate {
    /// The next parcel, as the future says.
    pub async fn waits_for<T>(&self, next: impl Future<Output = T>) -> T {
        let mut next = pin!(next);
        poll_fn(|cx| {
            let polled = next.as_mut().poll(cx);
            self.waits.store(polled.is_pending(), Ordering::Release);
            if polled.is_pending() {
                self.unread.store(0, Ordering::Release);
                self.reader.wake();
            }
            polled
        })
        .await
    }

    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_open() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // It may have been opened in between.
        if self.is_open() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_open(&self) -> bool {
        self.waits.load(Ordering::Acquire) || self.unread.load(Ordering::Acquire) < UNREAD
    }
}
