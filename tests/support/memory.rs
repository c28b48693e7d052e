//! A server whose clients are in the same process, so that the clock may be the test's: for what takes its time in HTTP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use channel_runtime::{Listener, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// How long a paused clock may go on until something comes: only where it never does.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Memory(mpsc::UnboundedReceiver<(DuplexStream, Option<SocketAddr>)>);

impl Listener for Memory {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        match self.0.recv().await {
            Some(client) => Ok(client),
            None => std::future::pending().await,
        }
    }
}

/// A server that runs in a task.
pub struct Served {
    arrivals: mpsc::UnboundedSender<(DuplexStream, Option<SocketAddr>)>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

pub fn serve<A: Send + Sync + 'static>(server: Server<A>) -> Served {
    let (arrivals, arriving) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let bound = server.listen(Memory(arriving));
    let task = tokio::spawn(bound.run_until(async { drop(stopped.await) }));
    Served { arrivals, stop: Some(stop), task }
}

impl Served {
    /// A client between which and the server so many bytes are on their way at the most.
    pub fn connect(&self, room: usize) -> Client {
        self.connect_from(room, None)
    }

    pub fn connect_from(&self, room: usize, addr: Option<SocketAddr>) -> Client {
        let (client, server) = duplex(room);
        self.arrivals.send((server, addr)).expect("the server runs");
        Client(client)
    }

    /// How long it takes to stop.
    pub async fn stops(mut self) -> Duration {
        let begun = Instant::now();
        self.stop.take().expect("it is stopped once").send(()).expect("it runs");
        timeout(FOR_EVER, self.task).await.expect("it stops").unwrap();
        begun.elapsed()
    }
}

pub struct Client(pub DuplexStream);

impl Client {
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(FOR_EVER, self.0.write_all(bytes.as_ref())).await.expect("it reads").unwrap();
    }

    pub async fn request(&mut self, request: &str) -> (u16, String) {
        self.write(request).await;
        self.response().await.expect("an answer")
    }

    /// The next answer's status and body; nothing where the server has ended the connection.
    pub async fn response(&mut self) -> Option<(u16, String)> {
        let (status, length) = self.head().await?;
        let mut body = vec![0; length];
        timeout(FOR_EVER, self.0.read_exact(&mut body)).await.expect("a body").unwrap();
        Some((status, String::from_utf8(body).unwrap()))
    }

    /// The next answer's status, and how long its body is, which is not read yet.
    pub async fn head(&mut self) -> Option<(u16, usize)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(FOR_EVER, self.0.read_u8()).await.expect("an answer or an end");
            head.push(byte.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        Some((status, length.map_or(0, |length| length.parse().unwrap())))
    }

    /// How long it takes until the server has ended the connection, which says nothing more.
    pub async fn ends_after(&mut self) -> Duration {
        let begun = Instant::now();
        let mut rest = Vec::new();
        timeout(FOR_EVER, self.0.read_to_end(&mut rest)).await.expect("it ends").unwrap();
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
        begun.elapsed()
    }
}
