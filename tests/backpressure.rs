//! A handler waits for a slow client, a client for a slow handler, and what is said together is answered together.

mod support;

use std::net::TcpStream as StdStream;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use channel_runtime::{Config, Hub, Socket, channel, channels, message};
use futures::future::{Either, select};
use support::{Frame, Raw, Running, start, text, within};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::yield_now;

/// The size of a piece, sent either way.
const PIECE: usize = 16 * 1024;
/// How many pieces are more than all sockets hold: 16 MiB, where the kernel keeps 4 MiB of what is written at the most.
const PIECES: usize = 1024;
/// What may wait for a client: a 256th of what it is sent.
const OUTBOX: usize = 4 * PIECE;
/// All other tasks and the sockets have had many turns after so many of one's own.
const TURNS: usize = 1000;

/// One of many, which the handler expects in their order.
#[message(type = "step")]
pub struct Step {
    n: usize,
    padding: String,
}

#[message(type = "counted")]
pub struct Counted {
    steps: usize,
}

#[message(type = "look")]
pub struct Look {
    n: usize,
}

#[message(type = "seen")]
pub struct Seen {
    n: usize,
    /// Whether anything had reached the client by then.
    early: bool,
}

#[derive(Default)]
pub struct App {
    /// A handler waits for its client, and has done so for many turns.
    stuck: Notify,
    gate: Notify,
    /// The client's own end of its connection.
    client: OnceLock<StdStream>,
}

#[channel("/pressure", app = App)]
pub struct Pressure {
    #[state]
    steps: usize,
}

#[channel(sends(Counted, Seen, Bytes))]
impl Pressure {
    #[message(type = "pour")]
    async fn pour(&mut self, socket: &Socket<Self>, app: &App) {
        for n in 0..PIECES {
            assert!(socket.send_bytes(piece(n)).is_complete(), "cut at piece {n}");
            match select(pin!(socket.flushed()), pin!(turns())).await {
                Either::Left(_) => {}
                Either::Right(((), flushed)) => {
                    app.stuck.notify_one();
                    flushed.await;
                }
            }
        }
    }

    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) {
        app.gate.notified().await;
    }

    #[message]
    fn step(&mut self, step: Step) {
        assert_eq!((step.n, step.padding.len()), (self.steps, PIECE));
        self.steps += 1;
    }

    #[message(type = "count")]
    fn count(&self) -> Counted {
        Counted { steps: self.steps }
    }

    #[message]
    fn look(&self, look: Look, app: &App) -> Seen {
        let client = app.client.get().expect("the test has put it there");
        // The socket does not block: where nothing has come, that is an error.
        Seen { n: look.n, early: client.peek(&mut [0]).is_ok() }
    }
}

fn piece(n: usize) -> Bytes {
    n.to_be_bytes().repeat(PIECE / size_of::<usize>()).into()
}

async fn turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

async fn pressure() -> (Running, Arc<App>, Hub<Pressure>) {
    let app = Arc::new(App::default());
    let channels = channels![Pressure];
    let hub = channels.of::<Pressure>();
    let server = channels.app_arc(Arc::clone(&app)).config(Config::default().outbox_bytes(OUTBOX));
    (start(server).await, app, hub)
}

fn bare(kind: &str) -> Vec<u8> {
    text(&format!(r#"{{"type":"{kind}"}}"#))
}

#[tokio::test]
async fn a_handler_that_awaits_flushed_overruns_no_client_however_much_it_says() {
    let (server, app, hub) = pressure().await;
    let mut raw = server.connect_with_small_window().await;
    raw.upgrade("/pressure").await;
    raw.write([bare("pour"), bare("count")].concat()).await;
    within(app.stuck.notified()).await;
    assert_eq!(hub.all().len(), 1, "a client that does not read is waited for, and not cut");
    for n in 0..PIECES {
        raw.expect(Frame::binary(&piece(n))).await;
    }
    raw.expect(Frame::text(r#"{"type":"counted","steps":0}"#)).await;
}

#[tokio::test]
async fn a_client_is_not_read_from_beyond_the_bound_while_a_handler_waits() {
    let (server, app, _) = pressure().await;
    let mut raw = server.raw("/pressure").await;
    raw.write(bare("wait")).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let writing = tokio::spawn({
        let taken = Arc::clone(&taken);
        async move {
            let padding = "x".repeat(PIECE);
            for n in 0..PIECES {
                let step = text(&format!(r#"{{"type":"step","n":{n},"padding":"{padding}"}}"#));
                raw.write(step).await;
                taken.store(n + 1, Ordering::Relaxed);
            }
            raw.write(bare("count")).await;
            raw
        }
    });
    within(stands_still(|| taken.load(Ordering::Relaxed))).await;
    let stopped_at = taken.load(Ordering::Relaxed);
    assert!(stopped_at < PIECES, "all of it was read while the handler waited");
    app.gate.notify_one();
    let mut raw = within(writing).await.unwrap();
    raw.expect(Frame::text(&format!(r#"{{"type":"counted","steps":{PIECES}}}"#))).await;
}

/// Waits until a number has begun to grow, and grows no more though everybody has had many turns.
async fn stands_still(number: impl Fn() -> usize) {
    let mut before = 0;
    loop {
        turns().await;
        let now = number();
        if now > 0 && now == before {
            return;
        }
        before = now;
    }
}

#[tokio::test]
async fn the_answers_to_all_messages_of_one_read_leave_together() {
    const LOOKS: usize = 20;
    let (server, app, _) = pressure().await;
    let stream = within(TcpStream::connect(server.addr)).await.unwrap().into_std().unwrap();
    app.client.set(stream.try_clone().unwrap()).unwrap();
    let reader = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
    let mut raw = Raw::new(TcpStream::from_std(stream).unwrap());
    raw.upgrade("/pressure").await;
    raw.write((0..LOOKS).flat_map(|n| text(&format!(r#"{{"type":"look","n":{n}}}"#))).collect::<Vec<_>>()).await;
    // What was written one by one the later handlers would have seen, for on one machine it arrives at once.
    let expected: Vec<u8> = (0..LOOKS)
        .map(|n| format!(r#"{{"type":"seen","n":{n},"early":false}}"#))
        .flat_map(|seen| [vec![0x81, u8::try_from(seen.len()).unwrap()], seen.into_bytes()].concat())
        .collect();
    let answers = within(first_read(&reader)).await;
    assert_eq!(String::from_utf8_lossy(&answers), String::from_utf8_lossy(&expected));
}

/// What one read finds, as soon as there is anything.
async fn first_read(reader: &TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    loop {
        reader.readable().await.unwrap();
        // A socket may be said to be readable when it is not.
        if let Ok(len) = reader.try_read(&mut buffer) {
            buffer.truncate(len);
            return buffer;
        }
    }
}
