//! What a volatile message costs the clients that take it, and what a newest value costs that is told every 100 ms.
//!
//! A volatile one: 500 of a room of 1000, whose others stall, beside a reliable message to a
//! room of 500. Both sides are measured in turns, so that whatever else the machine does falls on both alike.
//!
//! The clients are TCP sockets of this process, and everything runs on one thread. A sample is a send and the writing to all sockets,
//! and not the clients' reading.
//!
//! Newest values: 2000 a second of 20 keys to a room of 1000. A sample is the 200 sends of a tick and the writing to all, beside 200
//! reliable sends to as many, and beside the system calls alone: as many bytes as each member was sent, to 1000 sockets that nobody
//! else uses. Below these none can be that writes to each member ten times a second.
//!
//! The age of the newest value: 300 kB a second are offered to a client that takes 150, with a small receive buffer, and to one that
//! takes all. How old the newest value is that each has had, whenever it has read something, after the first two seconds.
//!
//! The last table is of the lock of a room of 10,000 with 1000 keys, for each thing that it is held for. Each hold is measured five
//! times, of which the shortest counts, because the machine has other work; and of all holds for one thing the longest is told.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::time::{Duration, Instant};

use channel_runtime::private::newest_holds;
use channel_runtime::{Config, Hub, SentBy, Server, channel, channels, message};
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

/// When it was sent is its text.
#[message(type = "aged", latest(key = key))]
struct Aged {
    at: u64,
    key: usize,
    padding: String,
}

#[channel("/aged")]
struct Ages;

#[channel(sends(Aged))]
impl Ages {}

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
    stalled: Vec<StdStream>,
}

impl<C: channel_runtime::Channel> Side<C> {
    fn new(server: Server<()>, hub: Hub<C>, path: &str, reading: usize, stalled: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        // Nobody answers a ping.
        let server = server.config(Config::default().ping_interval(None));
        let (reading, stalled) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(server.listen(listener).run());
            let mut clients = Vec::new();
            for n in 0..reading + stalled {
                let socket = TcpSocket::new_v4().expect("a socket");
                if n >= reading {
                    socket.set_recv_buffer_size(16 * 1024).expect("a buffer");
                    // As on a network: a segment of loopback is longer than the window, which then opens late.
                    socket2::SockRef::from(&socket).set_tcp_mss(1000).expect("a size");
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
        Self { runtime, hub, reading, stalled }
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

    fn take(&mut self) -> usize {
        take(&mut self.reading)
    }
}

/// Returns how many bytes each has been sent.
fn take(clients: &mut [StdStream]) -> usize {
    let mut taken = vec![0; 64 * 1024];
    let mut each = 0;
    for client in clients {
        match client.read(&mut taken) {
            Ok(bytes @ 1..) => each = bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it was not written to within the time"),
            other => panic!("{other:?}"),
        }
    }
    each
}

/// Sockets alone.
struct Raw {
    written: Vec<StdStream>,
    reading: Vec<StdStream>,
}

impl Raw {
    fn new() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let pair = |_| {
            let client = StdStream::connect(addr).expect("it is listened");
            let (server, _) = listener.accept().expect("a client");
            server.set_nodelay(true).expect("a socket");
            for stream in [&server, &client] {
                stream.set_nonblocking(true).expect("a socket");
            }
            (server, client)
        };
        let (written, reading) = (0..MEMBERS).map(pair).unzip();
        Self { written, reading }
    }

    /// As [`a_message`].
    fn time(&mut self, bytes: usize) -> f64 {
        std::thread::sleep(EVERY + EVERY / 10);
        let text = vec![b'x'; bytes];
        let start = Instant::now();
        for client in &mut self.written {
            assert_eq!(client.write(&text).expect("it takes it"), bytes);
        }
        let time = start.elapsed();
        take(&mut self.reading);
        time.as_nanos() as f64 / 1000.0 / SENDS_A_TICK as f64
    }
}

fn main() {
    // As criterion does it: a name runs those in whose names it is.
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let parts: [(&str, fn()); 4] = [("volatile", volatile), ("latest", latest), ("age", age), ("locks", locks)];
    for (name, run) in parts {
        if only.as_ref().is_none_or(|only| name.contains(only)) {
            run();
        }
    }
}

/// Microseconds of a message sent: of the sends of a tick and of the writing to all members.
fn a_message<C: channel_runtime::Channel, M: SentBy<C>>(side: &mut Side<C>, make: impl Fn(usize) -> M) -> (f64, usize) {
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
    let bytes = side.take();
    (time.as_nanos() as f64 / 1000.0 / SENDS_A_TICK as f64, bytes)
}

fn latest() {
    let channels = channels![Reliable];
    let hub = channels.of::<Reliable>();
    let mut reliable = Side::new(channels.app(()), hub, "/reliable", MEMBERS, 0);
    let channels = channels![Latest];
    let hub = channels.of::<Latest>();
    let mut latest = Side::new(channels.app(()), hub, "/latest", MEMBERS, 0);
    let mut raw = Raw::new();
    let mut times = [const { Vec::new() }; 3];
    let mut bytes = 0;
    for sample in 0..=TICKS {
        let (reliable, _) = a_message(&mut reliable, |_| Said { text: text(TEXT) });
        let latest = a_message(&mut latest, |n| Told { key: n % KEYS, text: text(TEXT - 10) });
        bytes = latest.1;
        let all = [reliable, latest.0, raw.time(bytes)];
        if sample > 0 {
            times.iter_mut().zip(all).for_each(|(times, time)| times.push(time));
        }
    }
    let [reliable, latest, raw] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() / 10])
    });
    println!(
        "a message sent to {MEMBERS}, in microseconds: reliable {:.1} ({:.1}); the newest of {KEYS} keys every {EVERY:?}: {:.1} ({:.1}); \
         the same {bytes} bytes to each by system calls alone: {:.1} ({:.1}): {:.3} ({:.3})",
        reliable.0,
        reliable.1,
        latest.0,
        latest.1,
        raw.0,
        raw.1,
        latest.0 / raw.0,
        latest.1 / raw.1,
    );
}

/// Of the last whole value in what was read.
fn sent_at(bytes: &[u8]) -> Option<u64> {
    let start = b"\"at\":";
    let at = bytes.windows(start.len()).rposition(|window| window == start)? + start.len();
    let digits = bytes[at..].split(|byte| !byte.is_ascii_digit()).next()?;
    // Cut off in the middle if nothing stands behind it.
    (at + digits.len() < bytes.len()).then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// Reads at most so many bytes a second until the end. Returns the greatest age, in milliseconds.
fn read_at_a_pace(mut client: StdStream, begun: Instant, bytes_a_second: usize) -> u64 {
    const STEP: Duration = Duration::from_millis(10);
    let mut buffer = vec![0; bytes_a_second / 100];
    let (mut newest, mut oldest) = (0, 0);
    let mut seen = Vec::new();
    for step in 1.. {
        std::thread::sleep((begun + STEP * step).saturating_duration_since(Instant::now()));
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        }
        newest = sent_at(&seen).unwrap_or(0).max(newest);
        seen.drain(..seen.len().saturating_sub(64));
        let now = begun.elapsed();
        if now > AGED_FROM {
            oldest = oldest.max(now.as_millis() as u64 - newest);
        }
    }
    oldest
}

const AGED_FROM: Duration = Duration::from_secs(2);

fn age() {
    const STEPS: u32 = 800;
    let channels = channels![Ages];
    let hub = channels.of::<Ages>();
    let mut side = Side::new(channels.app(()), hub, "/aged", 1, 1);
    let begun = Instant::now();
    let slow = side.stalled.pop().expect("a client");
    let slow = std::thread::spawn(move || read_at_a_pace(slow, begun, 150_000));
    let fast = side.reading.pop().expect("a client");
    let fast = std::thread::spawn(move || read_at_a_pace(fast, begun, 10_000_000));
    let Side { runtime, hub, .. } = side;
    runtime.block_on(async {
        for step in 1..=STEPS {
            tokio::time::sleep_until((begun + Duration::from_millis(10) * step).into()).await;
            for n in 0..3 {
                let at = begun.elapsed().as_millis() as u64;
                hub.all().send(Aged { at, key: (3 * step as usize + n) % 5, padding: text(950) });
            }
        }
    });
    // With it the connections end.
    drop(runtime);
    let [slow, fast] = [slow, fast].map(|thread| thread.join().expect("it reads"));
    println!(
        "the age of the newest value, 300 kB a second offered, in milliseconds at the most: {slow} for a client that takes 150, \
         {fast} for one that takes all"
    );
}

fn locks() {
    let mut longest = BTreeMap::<&str, Duration>::new();
    for bytes in [200, 1000] {
        let all = [(); 5].map(|()| newest_holds(bytes));
        for at in 0..all[0].len() {
            let hold = all.iter().map(|holds| holds[at].1).min().unwrap_or_default();
            let longest = longest.entry(all[0][at].0).or_default();
            *longest = hold.max(*longest);
        }
    }
    println!(
        "the longest hold of a room's lock, with 10000 members and 1000 keys of 1000 bytes at the most, in microseconds:"
    );
    for (what, time) in longest {
        println!("    {what}: {:.1}", time.as_nanos() as f64 / 1000.0);
    }
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
