//! A client that reads slowly and steadily is not given up, whatever lies between, and one that reads nothing is.
//!
//! The sockets are real, and the clock is the test's. It goes on by a step when the client has read its part, and stands still while
//! the client waits for what its kernel has not got yet. So it does not matter how late kernels and this machine are.

mod support;

use std::time::Duration;

use channel_runtime::{ClosedBy, Config, Hub, Server, Socket, channel, channels, message};
use support::over::{OVER, Over};
use support::{Frame, Raw, Running, masked, start_at, text};
use tokio::net::TcpSocket;
use tokio::task::yield_now;
use tokio::time::{advance, pause, resume};

/// 16,000 bytes a second.
const STEP: Duration = Duration::from_millis(50);
const STEP_BYTES: usize = 800;

/// All other tasks and the sockets have had turns after so many of one's own.
const TURNS: usize = 10;

const PIECE: usize = 8000;

/// As much as usually waits for a client at the most.
const OUTBOX: usize = 1 << 20;

/// 800 kB, 1.2 MB and 4 MB: a minute's worth, more than usually may wait, and as much as is thought to be unread at the most.
const BACKLOGS: [usize; 3] = [100, 150, 500];

#[message(type = "tell")]
pub struct Tell {
    pieces: usize,
}

#[message(type = "piece")]
pub struct Piece {
    n: usize,
    padding: String,
}

#[channel("/steady")]
pub struct Steady;

#[channel(sends(Piece))]
impl Steady {
    #[message]
    fn tell(&mut self, Tell { pieces }: Tell, socket: &Socket<Self>) {
        for n in 0..pieces {
            assert_eq!(socket.send(Piece { n, padding: "x".repeat(PIECE) }).refused, 0);
        }
    }
}

fn make() -> (Server<()>, Hub<Steady>) {
    let channels = channels![Steady];
    let hub = channels.of();
    (channels.app(()).config(Config::default().outbox_bytes(8 << 20)), hub)
}

fn tell(pieces: usize) -> Vec<u8> {
    text(&format!(r#"{{"type":"tell","pieces":{pieces}}}"#))
}

/// What is told to this client waits for it, for the most part with the server; and from now on the clock is the test's.
async fn fill(raw: &mut Raw, hub: &Hub<Steady>, pieces: usize) {
    raw.upgrade("/steady").await;
    raw.write(tell(pieces)).await;
    while hub.stats().outbox_bytes < pieces * PIECE / 2 {
        yield_now().await;
    }
    pause();
}

async fn pass(time: Duration) {
    advance(time).await;
    for _ in 0..TURNS {
        yield_now().await;
    }
}

/// The client reads all that it is told, answers pings when it comes to them, and is handled as ever.
async fn stays(mut raw: Raw, hub: &Hub<Steady>, pieces: usize) {
    fill(&mut raw, hub, pieces).await;
    read(&mut raw, pieces).await;
    // One that is being closed would be told all of it, too, but nothing more.
    raw.write(tell(1)).await;
    read(&mut raw, 1).await;
    assert_eq!((hub.all().len(), hub.ended(ClosedBy::NoPong), hub.ended(ClosedBy::SlowClient)), (1, 0, 0));
}

async fn read(raw: &mut Raw, pieces: usize) {
    let (mut next, mut left) = (0, STEP_BYTES);
    while next < pieces {
        left -= raw.take_in(left).await;
        if left == 0 {
            pass(STEP).await;
            left = STEP_BYTES;
        }
        while let Some(frame) = raw.frame_taken_in() {
            if frame.first == 0x89 {
                raw.write(masked(0x8A, frame.payload)).await;
            } else {
                let piece = format!(r#"{{"type":"piece","n":{next},"padding":"{}"}}"#, "x".repeat(PIECE));
                assert!(frame == Frame::text(&piece), "{next}: {:#x}", frame.first);
                next += 1;
            }
        }
    }
}

/// The client reads nothing, and is closed: the pong timeout, and what it may have on its way at the pace.
async fn is_given_up(mut raw: Raw, hub: &Hub<Steady>) {
    fill(&mut raw, hub, BACKLOGS[2]).await;
    let mut passed = Duration::ZERO;
    while hub.ended(ClosedBy::SlowClient) == 0 {
        assert!(passed < Duration::from_secs(10 + 256 + 3));
        pass(STEP).await;
        passed += STEP;
    }
}

/// With so much of what is written kept by the server's kernel; as much as it likes, unless it is said.
fn serve(server: Server<()>, send_buffer: Option<u32>) -> Running {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = send_buffer {
        socket.set_send_buffer_size(bytes).unwrap();
    }
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    start_at(socket.listen(16).unwrap(), server)
}

/// With the small one all waits in the outbox; else most of it does in the kernel, and a ping behind it.
const SEND_BUFFERS: [Option<u32>; 2] = [Some(16 * 1024), None];

#[tokio::test]
async fn a_client_that_reads_slowly_and_steadily_stays() {
    for send_buffer in SEND_BUFFERS {
        for backlog in BACKLOGS {
            let (server, hub) = make();
            let server = serve(server, send_buffer);
            stays(server.connect_with_small_window().await, &hub, backlog).await;
            resume();
        }
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    for send_buffer in SEND_BUFFERS {
        let (server, hub) = make();
        let server = serve(server, send_buffer);
        is_given_up(server.connect_with_small_window().await, &hub).await;
        resume();
    }
}

/// A room of clients that each read 64,000 bytes a second, and a producer that sends as the room takes it.
async fn is_waited_for(server: &Running, hub: &Hub<Steady>) {
    const READERS: usize = 4;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut raw = server.connect_with_small_window().await;
        raw.upgrade("/steady").await;
        readers.push(raw);
    }
    let sending = tokio::spawn({
        let hub = hub.clone();
        async move {
            loop {
                assert_eq!(hub.all().send(Piece { n: 0, padding: "x".repeat(1000) }).refused, 0);
                hub.ready().await;
            }
        }
    });
    while hub.stats().outbox_bytes < READERS * OUTBOX / 4 {
        yield_now().await;
    }
    pause();
    // Three times what a kernel keeps between two programs of one machine is never read; the outboxes would be full twice over.
    for _ in 0..2000 {
        for raw in &mut readers {
            let mut left = 4 * STEP_BYTES;
            while left > 0 {
                left -= raw.take_in(left).await;
                while raw.frame_taken_in().is_some() {}
            }
        }
        pass(STEP).await;
    }
    assert_eq!((hub.all().len(), hub.ended(ClosedBy::SlowClient)), (READERS, 0));
    sending.abort();
}

/// Of a stream that the server does not know to be TCP, a kernel reports only when a third of its buffer is free: there the buffer has
/// to be small (docs/slow-clients.md).
#[tokio::test]
async fn a_room_that_reads_slowly_and_steadily_is_waited_for() {
    let send_buffers = if matches!(OVER, Over::Boxed) { &SEND_BUFFERS[..1] } else { &SEND_BUFFERS[..] };
    for &send_buffer in send_buffers {
        let channels = channels![Steady];
        let hub = channels.of();
        let server = channels.app(()).config(Config::default().outbox_bytes(OUTBOX));
        is_waited_for(&serve(server, send_buffer), &hub).await;
        resume();
    }
}

#[cfg(unix)]
mod over_a_unix_socket {
    use tokio::net::{UnixListener, UnixStream};

    use super::*;

    async fn connect(server: Server<()>) -> Raw {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let bound = server.listen(UnixListener::bind(&path).unwrap());
        tokio::spawn(bound.run_until(std::future::pending()));
        Raw::not_over_tcp(UnixStream::connect(&path).await.unwrap())
    }

    #[tokio::test]
    async fn a_client_that_reads_slowly_and_steadily_stays() {
        for backlog in BACKLOGS {
            let (server, hub) = make();
            stays(connect(server).await, &hub, backlog).await;
            resume();
        }
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (server, hub) = make();
        is_given_up(connect(server).await, &hub).await;
    }
}
