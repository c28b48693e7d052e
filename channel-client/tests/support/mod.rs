//! A transport in memory whose server is the test: it accepts, refuses, writes, reads, closes and is silent, on paused time.

// Each test program uses a part.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use channel_client::transport::{Connecting, Connection, Handshake, Incoming, Outgoing, Refused, Transport, Waiting};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Longer than any wait of a client. On paused time it is over at once if nothing else is to happen.
const LONG: Duration = Duration::from_secs(3600);

/// The server of a test: each try to connect is a [`Dial`].
pub struct Server {
    dials: mpsc::UnboundedReceiver<Dial>,
}

/// The transport of its clients.
pub struct Memory {
    dials: mpsc::UnboundedSender<Dial>,
}

pub fn server() -> (Memory, Server) {
    let (sender, dials) = mpsc::unbounded_channel();
    (Memory { dials: sender }, Server { dials })
}

impl Server {
    /// The next try to connect.
    pub async fn dial(&mut self) -> Dial {
        timeout(LONG, self.dials.recv()).await.expect("no try to connect").expect("the client is gone")
    }

    /// The next connection, which has entered its room.
    pub async fn joined(&mut self) -> Peer {
        let peer = self.dial().await.accept();
        peer.say(r#"{"type":"$hello","v":1,"ping_ms":25000,"max_bytes":65536}"#);
        peer.say(r#"{"type":"$joined","id":"c1"}"#);
        peer
    }

    /// Whether nobody has tried to connect for an hour.
    pub async fn is_quiet(&mut self) -> bool {
        timeout(LONG, self.dials.recv()).await.is_err()
    }

    pub fn try_dial(&mut self) -> Option<Dial> {
        self.dials.try_recv().ok()
    }
}

/// One try to connect. If it is dropped, there is no connection.
pub struct Dial {
    pub handshake: Handshake,
    answer: oneshot::Sender<Result<Box<dyn Connection>, Refused>>,
}

impl Dial {
    pub fn accept(self) -> Peer {
        let wire = Arc::new(Mutex::new(Wire::default()));
        // A client that has given up has dropped its half.
        _ = self.answer.send(Ok(Box::new(Line(Arc::clone(&wire)))));
        Peer { wire }
    }

    pub fn refuse(self, status: u16, retry_after: Option<Duration>) {
        _ = self.answer.send(Err(Refused { status: Some(status), reason: String::new(), retry_after }));
    }

    /// Whether the client still waits for the answer.
    pub fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }
}

impl Transport for Memory {
    fn connect(&self, handshake: Handshake) -> Connecting {
        let (answer, answered) = oneshot::channel();
        _ = self.dials.send(Dial { handshake, answer });
        Box::pin(async move {
            let refused = || Refused { reason: "connection refused".to_owned(), ..Refused::default() };
            answered.await.unwrap_or_else(|_| Err(refused()))
        })
    }
}

#[derive(Default)]
struct Wire {
    to_client: VecDeque<Incoming>,
    to_server: VecDeque<Outgoing>,
    client: Option<Waker>,
    server: Option<Waker>,
    is_dropped: bool,
    is_stalled: bool,
    was_closed: bool,
}

struct Line(Arc<Mutex<Wire>>);

impl Connection for Line {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut wire = self.0.lock().unwrap();
        match wire.to_client.pop_front() {
            Some(incoming) => Poll::Ready(incoming),
            None => {
                wire.client = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, waiting: &mut Waiting) -> Poll<()> {
        let mut wire = self.0.lock().unwrap();
        if wire.is_stalled {
            wire.client = Some(cx.waker().clone());
            return Poll::Pending;
        }
        while let Some(outgoing) = waiting.pop() {
            wire.was_closed |= matches!(outgoing, Outgoing::Close { .. });
            wire.to_server.push_back(outgoing);
        }
        if let Some(server) = wire.server.take() {
            server.wake();
        }
        Poll::Ready(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut wire = self.0.lock().unwrap();
        wire.is_dropped = true;
        if let Some(server) = wire.server.take() {
            server.wake();
        }
    }
}

/// The server's end of a connection.
pub struct Peer {
    wire: Arc<Mutex<Wire>>,
}

impl Peer {
    fn push(&self, incoming: Incoming) {
        let mut wire = self.wire.lock().unwrap();
        wire.to_client.push_back(incoming);
        if let Some(client) = wire.client.take() {
            client.wake();
        }
    }

    pub fn say(&self, text: &str) {
        self.push(Incoming::Text(text.to_owned()));
    }

    pub fn say_bytes(&self, bytes: &'static [u8]) {
        self.push(Incoming::Binary(Bytes::from_static(bytes)));
    }

    pub fn close(&self, code: u16) {
        self.push(Incoming::Ended { code, reason: String::new() });
    }

    /// Takes nothing more of what the client writes.
    pub fn stall(&self) {
        self.wire.lock().unwrap().is_stalled = true;
    }

    /// Takes it again.
    pub fn resume(&self) {
        let mut wire = self.wire.lock().unwrap();
        wire.is_stalled = false;
        if let Some(client) = wire.client.take() {
            client.wake();
        }
    }

    /// What the client writes next. `None` after it has dropped the connection.
    pub async fn next(&self) -> Option<Outgoing> {
        let next = std::future::poll_fn(|cx| {
            let mut wire = self.wire.lock().unwrap();
            if let Some(outgoing) = wire.to_server.pop_front() {
                return Poll::Ready(Some(outgoing));
            }
            if wire.is_dropped {
                return Poll::Ready(None);
            }
            wire.server = Some(cx.waker().clone());
            Poll::Pending
        });
        timeout(LONG, next).await.expect("the client writes nothing")
    }

    /// The next text, as JSON.
    pub async fn hear(&self) -> Value {
        match self.next().await {
            Some(Outgoing::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text: {other:?}"),
        }
    }

    /// What the client has written and nobody has read yet.
    pub fn heard(&self) -> Option<Outgoing> {
        self.wire.lock().unwrap().to_server.pop_front()
    }

    pub fn is_dropped(&self) -> bool {
        self.wire.lock().unwrap().is_dropped
    }

    /// Whether the client has written a Close.
    pub fn was_closed(&self) -> bool {
        self.wire.lock().unwrap().was_closed
    }

    /// What the client has not read yet.
    pub fn unread(&self) -> usize {
        self.wire.lock().unwrap().to_client.len()
    }
}
