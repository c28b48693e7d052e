//! A server on a port of its own, and a client that speaks bytes, for what no well-behaved client would say.
//!
//! Nothing here waits longer than [`PATIENCE`].
#![allow(dead_code, reason = "each file of tests uses its part of it")]

pub mod board;
pub mod memory;
pub mod over;
pub mod proxies;
#[cfg(feature = "tls")]
pub mod tls;
pub mod two_runtimes;
pub mod wire;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use channel_runtime::{Bound, Listener, Server};
use futures::FutureExt;
use futures::future::{Either, select};
use over::{BoxedListener, OVER, Over, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};
use tokio_tungstenite::WebSocketStream;

/// How long a test waits for anything: reached only where something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Fails the test where this is never ready.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("what the test waits for never came")
}

/// A server that runs in a task.
pub struct Running {
    pub addr: SocketAddr,
    /// The server's task, and what makes it stop; once.
    task: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

pub async fn start<A: Send + Sync + 'static>(server: Server<A>) -> Running {
    start_at(TcpListener::bind("127.0.0.1:0").await.unwrap(), server)
}

pub fn start_at<A: Send + Sync + 'static>(listener: TcpListener, server: Server<A>) -> Running {
    let addr = listener.local_addr().unwrap();
    match OVER {
        Over::Tcp => run(addr, server.listen(listener)),
        Over::Boxed => run(addr, server.listen(BoxedListener(listener))),
        #[cfg(feature = "tls")]
        Over::Tls => run(addr, server.listen(listener).tls(tls::server_config())),
        #[cfg(not(feature = "tls"))]
        Over::Tls => unreachable!("this program needs the feature `tls`"),
    }
}

pub fn run<A: Send + Sync + 'static, L: Listener>(addr: SocketAddr, bound: Bound<A, L>) -> Running {
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(bound.run_until(async {
        // The test that drops its half stops the server as well.
        let _ = stopped.await;
    }));
    Running { addr, task: Some((stop, task)) }
}

impl Running {
    /// A connection that has said nothing yet.
    pub async fn connect(&self) -> Raw {
        Raw::over(within(over::client(self.tcp().await)).await.unwrap())
    }

    /// As the function of this name.
    pub async fn connect_with_small_window(&self) -> Raw {
        connect_with_small_window(self.addr).await
    }

    /// The same from another of this machine's addresses.
    pub async fn connect_from(&self, address: [u8; 4]) -> Raw {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        Raw::over(within(over::client(within(socket.connect(self.addr)).await.unwrap())).await.unwrap())
    }

    async fn tcp(&self) -> TcpStream {
        within(TcpStream::connect(self.addr)).await.unwrap()
    }

    /// A client whose bytes are the test's.
    pub async fn raw(&self, path: &str) -> Raw {
        let mut raw = self.connect().await;
        raw.upgrade(path).await;
        raw
    }

    /// A client that knows the protocol.
    pub async fn client(&self, path: &str) -> WebSocketStream<Box<dyn Stream>> {
        let stream = within(over::client(self.tcp().await)).await.unwrap();
        let url = format!("ws://{}{path}", self.addr);
        within(tokio_tungstenite::client_async(url, stream)).await.unwrap().0
    }

    /// Lets the server stop, without waiting for it.
    pub fn begin_to_stop(&mut self) -> JoinHandle<()> {
        let (stop, task) = self.task.take().expect("a server stops once");
        // Fails only where the server has ended by itself, which its task then says.
        let _ = stop.send(());
        task
    }
}

/// A connection whose client takes little before it reads, so that most of what it is sent waits with the server.
pub async fn connect_with_small_window(addr: SocketAddr) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    // As on a network. Loopback's segments are 4 times the window, which the kernel opens in their steps: it would stay shut
    // until the server's kernel asks, at ever longer intervals.
    socket2::SockRef::from(&socket).set_tcp_mss(1000).unwrap();
    let stream = within(socket.connect(addr)).await.unwrap();
    Raw::over(within(over::client(stream)).await.unwrap())
}

/// One HTTP answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// One frame of the server's.
#[derive(Debug, PartialEq)]
pub struct Frame {
    /// The first byte: FIN, the reserved bits, the opcode.
    pub first: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn text(text: &str) -> Self {
        Self { first: 0x81, payload: text.into() }
    }

    pub fn binary(data: &[u8]) -> Self {
        Self { first: 0x82, payload: data.into() }
    }

    pub fn pong(data: &[u8]) -> Self {
        Self { first: 0x8A, payload: data.into() }
    }

    pub fn close(code: u16, reason: &str) -> Self {
        Self { first: 0x88, payload: [&code.to_be_bytes(), reason.as_bytes()].concat() }
    }
}

/// A client's frame: its first byte as given, masked, its length in the shortest form.
pub fn masked(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = head(first, payload.len());
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A client's frame without its payload, which is announced to have this length.
pub fn head(first: u8, len: usize) -> Vec<u8> {
    let mut head = vec![first];
    match len {
        0..=125 => head.push(0x80 | len as u8),
        126..=0xFFFF => {
            head.push(0x80 | 126);
            head.extend((len as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend((len as u64).to_be_bytes());
        }
    }
    head.extend(MASK);
    head
}

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Octets without any order (xorshift).
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A client's text message.
pub fn text(text: &str) -> Vec<u8> {
    masked(0x81, text)
}

/// A client's Close.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    masked(0x88, [&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// The request that RFC 6455 has for an example.
pub fn upgrade(path: &str) -> String {
    request(
        path,
        &[
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
    )
}

pub fn request(path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// A connection that knows how to read.
pub struct Raw {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Raw {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(addr)).await.unwrap())
    }

    pub fn new(stream: TcpStream) -> Self {
        Self::over(Box::new(stream))
    }

    /// Over a stream in memory.
    pub fn in_memory(stream: DuplexStream) -> Self {
        Self::not_over_tcp(stream)
    }

    pub fn not_over_tcp(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), unread: Vec::new() }
    }

    pub fn over(stream: Box<dyn Stream>) -> Self {
        stream.tcp().set_nodelay(true).unwrap();
        Self { stream, unread: Vec::new() }
    }

    pub async fn open(addr: SocketAddr, path: &str) -> Self {
        let mut raw = Self::connect(addr).await;
        raw.upgrade(path).await;
        raw
    }

    pub async fn upgrade(&mut self, path: &str) {
        let response = self.request(&upgrade(path)).await;
        assert_eq!(response.status, 101, "{response:?}");
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
        // TLS keeps what the socket does not take at once.
        within(self.stream.flush()).await.unwrap();
    }

    /// What can't be written any more is not missed; whether it could.
    pub async fn write_if_open(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        within(self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    /// Takes up to so many bytes of what comes, and forgets them. How many; none at the end of the stream.
    pub async fn skip(&mut self, most: usize) -> usize {
        let unread = self.unread.len().min(most);
        self.unread.drain(..unread);
        match unread {
            0 => self.stream.read(&mut vec![0; most]).await.unwrap(),
            _ => unread,
        }
    }

    /// Waits until something comes and takes up to so many bytes of it. How many. The runtime has something to do meanwhile, so
    /// that a clock that the test has paused stands still.
    pub async fn take_in(&mut self, most: usize) -> usize {
        let begun = Instant::now();
        loop {
            let mut some = (&mut self.stream).take(most as u64);
            if let Some(read) = some.read_buf(&mut self.unread).now_or_never() {
                let read = read.unwrap();
                assert!(read > 0, "the stream has ended");
                return read;
            }
            assert!(begun.elapsed() < PATIENCE, "what the test waits for never came");
            yield_now().await;
        }
    }

    /// The most bytes that the client's kernel keeps of what has come, with what it needs for itself.
    pub fn receive_buffer(&self) -> usize {
        socket2::SockRef::from(self.stream.tcp()).recv_buffer_size().unwrap()
    }

    /// Takes a byte of what has come, for a client that takes its time.
    pub async fn read_a_byte(&mut self) {
        self.unread.push(within(self.stream.read_u8()).await.unwrap());
    }

    /// Whether nothing has come that has not been read.
    pub fn has_heard_nothing(&self) -> bool {
        self.unread.is_empty() && self.stream.tcp().peek(&mut [0]).now_or_never().is_none()
    }

    pub async fn request(&mut self, request: &str) -> Response {
        self.write(request).await;
        self.response().await
    }

    pub async fn response(&mut self) -> Response {
        match self.response_if_any().await {
            Some(response) => response,
            None => panic!("no answer, but {:?}", String::from_utf8_lossy(&self.unread)),
        }
    }

    /// The next answer, or nothing where the server is gone without a whole one, in whatever way.
    pub async fn response_if_any(&mut self) -> Option<Response> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !within(self.stream.read_buf(&mut self.unread)).await.is_ok_and(|read| read > 0) {
                return None;
            }
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(key, value)| (key.into(), value.into()));
        let mut response = Response { status, headers: headers.collect(), body: String::new() };
        let len = response.header("content-length").map_or(0, |len| len.parse().unwrap());
        let body = self.take(len).await.expect("a whole body");
        response.body = String::from_utf8(body).unwrap();
        Some(response)
    }

    /// The next frame, or nothing at the end of the stream. Who stops waiting for it has lost nothing.
    pub async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frame_taken_in() {
                return Some(frame);
            }
            if !self.read().await {
                assert!(self.unread.is_empty(), "the stream ends within a frame");
                return None;
            }
        }
    }

    /// The next frame, where all of it has been read.
    pub fn frame_taken_in(&mut self) -> Option<Frame> {
        let (at, len) = self.next_payload()?;
        let frame: Vec<u8> = self.unread.drain(..at + len).collect();
        Some(Frame { first: frame[0], payload: frame[at..].to_vec() })
    }

    /// Where the payload of the next frame stands and how long it is, once all of it is there.
    fn next_payload(&self) -> Option<(usize, usize)> {
        let &[_, short, ref rest @ ..] = &self.unread[..] else { return None };
        assert_eq!(short & 0x80, 0, "a server masks nothing");
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        let len = if extended == 0 { short.into() } else { number(rest.get(..extended)?) };
        (rest.len() >= extended + len).then_some((2 + extended, len))
    }

    pub async fn expect(&mut self, frame: Frame) {
        assert_eq!(self.frame().await, Some(frame));
    }

    /// The server's Close is next, and the end of its stream comes behind it.
    pub async fn expect_close(&mut self, code: u16, reason: &str) {
        self.expect(Frame::close(code, reason)).await;
        self.expect_end().await;
    }

    /// As [`expect_close`](Self::expect_close), for a failure of the server's: the reason names the line in the log.
    pub async fn expect_close_for_a_failure(&mut self) {
        let close = self.frame().await.expect("a close");
        assert_eq!((close.first, &close.payload[..2]), (0x88, &1011_u16.to_be_bytes()[..]));
        let reason = String::from_utf8(close.payload[2..].to_vec()).unwrap();
        let id = reason.strip_prefix("internal server error (").and_then(|rest| rest.strip_suffix(')'));
        assert!(id.is_some_and(|id| u64::from_str_radix(id, 16).is_ok() && id.len() == 16), "{reason}");
        self.expect_end().await;
    }

    pub async fn expect_end(&mut self) {
        assert_eq!(self.frame().await, None);
    }

    /// The server is gone, whether or not it said so. hyper drops a connection whose upgrade was refused without a word,
    /// which over TLS is no orderly end, and what a client says to one that is gone is answered with a reset.
    pub async fn expect_gone(&mut self) {
        match within(self.stream.read_buf(&mut self.unread)).await {
            Ok(0) => assert!(self.unread.is_empty()),
            Ok(_) => panic!("instead of the end: {:?}", self.unread),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof), "{error}")
            }
        }
    }

    /// Whether this connection ends before the other one. No time is measured: an hour against a millisecond is enough.
    pub async fn ends_before(&mut self, other: &mut Self) -> bool {
        let (this, other) = (pin!(self.expect_gone()), pin!(other.expect_gone()));
        matches!(select(this, other).await, Either::Left(_))
    }

    /// The server is gone, and has said nothing in HTTP.
    pub async fn expect_no_answer(&mut self) {
        // Fails as in `expect_gone`, or not at all.
        let _ = within(self.stream.read_to_end(&mut self.unread)).await;
        assert!(!self.unread.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&self.unread));
    }

    /// Ends the client's half of the stream.
    pub async fn shutdown(&mut self) {
        within(self.stream.shutdown()).await.unwrap();
    }

    /// Vanishes with a reset, as a client does whose machine has forgotten the connection.
    pub fn reset(self) {
        self.stream.tcp().set_zero_linger().unwrap();
    }

    async fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        while self.unread.len() < len {
            if !self.read().await {
                assert!(self.unread.is_empty(), "the stream ends within a frame");
                return None;
            }
        }
        Some(self.unread.drain(..len).collect())
    }

    async fn read(&mut self) -> bool {
        match within(self.stream.read_buf(&mut self.unread)).await {
            Ok(read) => read > 0,
            Err(error) => panic!("instead of an orderly end: {error}"),
        }
    }
}
