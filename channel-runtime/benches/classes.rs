//! What a volatile message costs the clients that take it, and what a newest value costs that is told every 100 ms.
//!
//! A volatile one: 500 of a room of 1000, whose others stall, beside a reliable message to a
//! room of 500. Both sides are measured in turns, so that whatever else the machine does falls on both alike.
//!
//! The clients are TCP sockets of this process, and everything runs on one thread. A sample is a send and the writing to all sockets,
//! and not the clients' reading.
//!
//! Newest values: 2000 a second of 20 keys to a room of 1000. A sample is the 200 sends of a tick and the writing to all, beside 200
//! reliable sends to as many.

use std::io::{ErrorKind, Read};
use std::net::TcpStream as StdStream;
use std::time::{Duration, Instant};

use channel_runtime::{Hub, SentBy, Server, channel, channels, message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

const READING: usize = 500;
const SAMPLES: usize = 1001;

const MEMBERS: usize = 1000;
const TICKS: usize = 51;
const SENDS_A_TICK: usize = 200;
const KEYS: usize = 20;
const EVERY: Duration = Duration::from_millis(100);

/// With what is around it, 128 bytes.
const TEXT: usize = 101;

/// Both types have names of one length, so that the frames have, too.
#[message(type = "said")]
struct Said {
    text: String,
}

#[message(type = "seen", volatile)]
struct Seen {
    text: String,
}

#[message(type = "told", latest(key = key, every = "100ms"))]
struct Told {
    key: usize,
    text: String,
}

#[channel("/latest")]
struct Latest;

#[channel(sends(Told))]
impl Latest {}

#[channel("/reliable")]
struct Reliable;

#[channel(sends(Said))]
impl Reliable {}

#[channel("/volatile")]
struct Volatile;

#[channel(sends(Seen))]
impl Volatile {}

fn text(len: usize) -> String {
    "x".repeat(std::hint::black_box(len))
}

struct Side<C> {
    runtime: Runtime,
    hub: Hub<C>,
    reading: Vec<StdStream>,
    /// They are kept open, and never read.
    _stalled: Vec<StdStream>,
}

impl<C: channel_runtime::Channel> Side<C> {
    fn new(server: Server<()>, hub: Hub<C>, path: &str, reading: usize, stalled: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (reading, stalled) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(server.listen(listener).run());
            let mut clients = Vec::new();
            for n in 0..reading + stalled {
                let socket = TcpSocket::new_v4().expect("a socket");
                if n >= reading {
                    socket.set_recv_buffer_size(4096).expect("a buffer");
                }
                let mut client = socket.connect(addr).await.expect("the server accepts");
                let upgrade = format!(
                    "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                );
                client.write_all(upgrade.as_bytes()).await.expect("the server reads");
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("the server answers"));
                }
                clients.push(client.into_std().expect("a socket"));
            }
            while hub.all().len() < clients.len() {
                yield_now().await;
            }
            let stalled = clients.split_off(reading);
            (clients, stalled)
        });
        Self { runtime, hub, reading, _stalled: stalled }
    }

    /// Nanoseconds of a send, and of the writing to all who take it, for each of them.
    fn time<M: SentBy<C>>(&mut self, message: M) -> f64 {
        let Self { runtime, hub, .. } = self;
        let time = runtime.block_on(async {
            let start = Instant::now();
            let sent = hub.all().send(message);
            // 32 members are written to in a turn, and a turn of the tasks that are ready is one of these.
            for _ in 0..2 * READING / 32 {
                yield_now().await;
            }
            let time = start.elapsed();
            // A kernel may make room for a few bytes more for one that does not read.
            let taken = sent.recipients - sent.dropped;
            assert!(sent.refused == 0 && (READING..READING + READING / 20).contains(&taken), "{sent:?}");
            time.as_nanos() as f64 / taken as f64
        });
        self.take();
        time
    }

    fn take(&mut self) {
        let mut taken = vec![0; 64 * 1024];
        for client in &mut self.reading {
            match client.read(&mut taken) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it was not written to within the time"),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn main() {
    volatile();
    latest();
}

/// Microseconds of a message sent: of the sends of a tick and of the writing to all members.
fn a_message<C: channel_runtime::Channel, M: SentBy<C>>(side: &mut Side<C>, make: impl Fn(usize) -> M) -> f64 {
    let Side { runtime, hub, .. } = side;
    let time = runtime.block_on(async {
        // The tick before is over.
        tokio::time::sleep(EVERY + EVERY / 10).await;
        let start = Instant::now();
        for n in 0..SENDS_A_TICK {
            assert_eq!(hub.all().send(make(n)).recipients, MEMBERS);
        }
        for _ in 0..3 * MEMBERS / 32 {
            yield_now().await;
        }
        start.elapsed()
    });
    side.take();
    time.as_nanos() as f64 / 1000.0 / SENDS_A_TICK as f64
}

fn latest() {
    let channels = channels![Reliable];
    let hub = channels.of::<Reliable>();
    let mut reliable = Side::new(channels.app(()), hub, "/reliable", MEMBERS, 0);
    let channels = channels![Latest];
    let hub = channels.of::<Latest>();
    let mut latest = Side::new(channels.app(()), hub, "/latest", MEMBERS, 0);
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..=TICKS {
        let both = [
            a_message(&mut reliable, |_| Said { text: text(TEXT) }),
            a_message(&mut latest, |n| Told { key: n % KEYS, text: text(TEXT - 10) }),
        ];
        if sample > 0 {
            times.iter_mut().zip(both).for_each(|(times, time)| times.push(time));
        }
    }
    let [reliable, latest] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() / 10])
    });
    println!(
        "a message sent to {MEMBERS}, in microseconds: reliable {:.1} ({:.1}); the newest of {KEYS} keys every {EVERY:?}: {:.1} ({:.1})",
        reliable.0, reliable.1, latest.0, latest.1,
    );
}

fn volatile() {
    let channels = channels![Reliable];
    let hub = channels.of::<Reliable>();
    let mut reliable = Side::new(channels.app(()), hub, "/reliable", READING, 0);
    let channels = channels![Volatile];
    let hub = channels.of::<Volatile>();
    let mut volatile = Side::new(channels.app(()), hub, "/volatile", READING, READING);
    // Until those who do not read take no more.
    loop {
        let sent = volatile.runtime.block_on(async {
            let sent = volatile.hub.all().send(Seen { text: text(16 * 1024) });
            for _ in 0..100 {
                yield_now().await;
            }
            sent
        });
        for _ in 0..4 {
            volatile.reading.iter_mut().for_each(|client| while matches!(client.read(&mut [0; 65_536]), Ok(1..)) {});
        }
        if sent.dropped == READING {
            break;
        }
    }
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..=SAMPLES {
        let both = [reliable.time(Said { text: text(TEXT) }), volatile.time(Seen { text: text(TEXT) })];
        // The first is for the caches.
        if sample > 0 {
            times.iter_mut().zip(both).for_each(|(times, time)| times.push(time));
        }
    }
    let [(reliable, reliable_tenth), (volatile, volatile_tenth)] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() / 10])
    });
    println!("a delivery that is taken, in nanoseconds: median (a tenth is below)");
    println!(
        "reliable to {READING}: {reliable:.0} ({reliable_tenth:.0}); volatile to {}, of which half stall: {volatile:.0} \
         ({volatile_tenth:.0}): {:.3} ({:.3})",
        2 * READING,
        volatile / reliable,
        volatile_tenth / reliable_tenth,
    );
}
