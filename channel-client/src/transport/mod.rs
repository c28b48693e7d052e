//! The network below a client: [`Transport`], and WebSockets over TCP and TLS.

mod websocket;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use tokio_rustls::rustls;

pub use self::websocket::WebSockets;

/// How a client connects: WebSockets over TCP, unless another is set by [`Connect::transport`](crate::Connect::transport).
pub trait Transport: Send + Sync + 'static {
    /// Connects, and ends when the server has accepted the connection. The future is dropped if that takes too long.
    fn connect(&self, handshake: Handshake) -> Connecting;
}

/// What [`Transport::connect`] returns.
pub type Connecting = Pin<Box<dyn Future<Output = Result<Box<dyn Connection>, Refused>> + Send>>;

/// What a client asks a server for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// `ws://` or `wss://`, with the path and the query.
    pub url: String,
    /// The subprotocols, in order: `channels.1.json`, which the server names back, and those that it does not.
    pub subprotocols: Vec<String>,
}

/// Why there is no connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status with which the server answered. `None` if it did not.
    pub status: Option<u16>,
    /// Why.
    pub reason: String,
    /// How long not to try again, by the header `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// One connection. When it is dropped, it ends without a Close.
pub trait Connection: Send + 'static {
    /// What is received next. After [`Incoming::Ended`] it is not called again.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;

    /// Takes what it can of what waits. Ready when all of it was written. If the connection does not write any more, it takes
    /// everything, and `poll_receive` says why.
    fn poll_write(&mut self, cx: &mut Context<'_>, waiting: &mut Waiting) -> Poll<()>;
}

/// What a connection receives. Pings are answered below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// The end.
    Ended {
        /// Of the server's Close: 1005 if it has none, 1006 if there was no Close.
        code: u16,
        /// Of the server's Close, or what happened.
        reason: String,
    },
}

/// What a client writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A Close with code 1000, behind which nothing is written.
    Close {
        /// At most 123 bytes.
        reason: String,
    },
}

/// What waits to be written, in order.
#[derive(Debug, Default)]
pub struct Waiting {
    messages: VecDeque<Outgoing>,
    bytes: usize,
}

impl Waiting {
    pub(crate) fn push(&mut self, message: Outgoing) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<Outgoing> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.len();
        Some(message)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The length of the messages that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Outgoing {
    /// The length of the message, in bytes.
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Close { .. } => 0,
        }
    }
}
