//! What history costs: a send to a room that keeps it beside one that does not, a client that comes back beside one that comes fresh,
//! and how long others wait while rooms that are kept are looked at. Both sides of a row are measured in turns, so that whatever else
//! the machine does falls on both alike.

use std::time::{Duration, Instant};

use channel_runtime::{Channel, Config, Health, Hub, Room, Server, channel, channels, message};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

/// How many sends are measured in one go, before the members have their turn to take them.
const SENDS: u64 = 64;

/// With what is around it, 128 bytes.
const TEXT: usize = 101;

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/plain")]
struct Plain;

#[channel(sends(Said))]
impl Plain {}

#[channel("/kept", history(size = 256, bytes = "1MiB", age = "1h"))]
struct Kept;

#[channel(sends(Said))]
impl Kept {}

#[channel("/many/:room", history(age = "5m"))]
struct Many {
    room: u64,
}

#[channel(sends(Said))]
impl Many {}

fn said() -> Said {
    Said { text: "x".repeat(std::hint::black_box(TEXT)) }
}

/// A room of one channel, with its members.
struct Side<C> {
    runtime: Runtime,
    server: Server<()>,
    hub: Hub<C>,
    room: Room<C>,
    clients: Vec<DuplexStream>,
    health: Health,
}

impl Side<Plain> {
    fn plain(members: usize) -> Self {
        let channels = channels![Plain];
        let hub = channels.of::<Plain>();
        Self::new(channels.app(()), hub, Plain::room(), "/plain", members)
    }
}

impl Side<Kept> {
    fn kept(members: usize) -> Self {
        let channels = channels![Kept];
        let hub = channels.of::<Kept>();
        Self::new(channels.app(()), hub, Kept::room(), "/kept", members)
    }

    /// A client that gives back this position, and takes all that it is sent: so many messages.
    fn comes_back(&self, position: &str, missed: usize) -> Duration {
        self.comes(&format!("/kept?$resume={position}"), missed)
    }
}

impl<C: Channel> Side<C> {
    /// A client that connects, takes so many messages, and leaves.
    fn comes(&self, path: &str, missed: usize) -> Duration {
        self.runtime.block_on(async {
            let start = Instant::now();
            let mut client =
                connect(&self.server, path, "Sec-WebSocket-Protocol: channels.1.json, channels.hello\r\n").await;
            // `$hello`, `$joined`, and what it missed.
            for _ in 0..2 + missed {
                skip_frame(&mut client).await;
            }
            drop(client);
            while !self.hub.all().is_empty() {
                tokio::task::yield_now().await;
            }
            start.elapsed()
        })
    }

    fn new(server: Server<()>, hub: Hub<C>, room: Room<C>, path: &str, members: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let clients = runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..members {
                clients.push(connect(&server, path, "").await);
            }
            while hub.all().len() < members {
                tokio::task::yield_now().await;
            }
            clients
        });
        let health = server.health();
        Self { runtime, server, hub, room, clients, health }
    }
}

impl<C: Channel> Side<C>
where
    Said: channel_runtime::SentBy<C>,
{
    /// Nanoseconds of one send.
    fn send(&mut self) -> f64 {
        let Self { runtime, hub, room, clients, .. } = self;
        runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..SENDS {
                assert!(hub.room(room).send(said()).is_complete());
            }
            let time = start.elapsed();
            for client in clients {
                for _ in 0..SENDS {
                    skip_frame(client).await;
                }
            }
            time.as_nanos() as f64 / SENDS as f64
        })
    }
}

async fn connect(server: &Server<()>, path: &str, header: &str) -> DuplexStream {
    let (mut client, stream) = duplex(64 * 1024);
    let service = TowerToHyperService::new(warp::service(server.filter()));
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades());
    let upgrade = format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{header}\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    client.write_all(upgrade.as_bytes()).await.expect("the server reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("the server answers"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    client
}

async fn skip_frame(client: &mut DuplexStream) {
    let mut head = [0; 2];
    client.read_exact(&mut head).await.expect("the server sends");
    let len = match head[1] {
        126 => usize::from(client.read_u16().await.expect("a length")),
        short => usize::from(short),
    };
    let mut payload = [0; 1024];
    client.read_exact(&mut payload[..len]).await.expect("a payload");
}

/// Empty rooms with a message each, and a task that measures how long it waits for its next turn.
struct Keeping {
    hub: Hub<Many>,
    health: Health,
}

impl Keeping {
    const ROOMS: u64 = 100_000;

    async fn new(history_bytes: usize, messages: usize) -> Self {
        tokio::time::pause();
        let channels = channels![Many];
        let hub = channels.of::<Many>();
        let server = channels.app(()).config(Config::default().history_bytes(history_bytes));
        let health = server.health();
        // The bound holds from then on.
        drop(server.filter());
        for room in 0..Self::ROOMS {
            let room = hub.room(&Many::room(&room));
            room.position().await.expect("it has history");
            room.send(said());
        }
        // The task that looks at them begins.
        for _ in 0..4 {
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        for room in (1..messages).flat_map(|_| 0..Self::ROOMS) {
            hub.room(&Many::room(&room)).send(said());
        }
        Self { hub, health }
    }

    /// So much later, until nothing more happens: the longest turn, which another program may have lengthened, what half are
    /// below, and all of them together, in milliseconds.
    async fn turns(&self, later: Duration) -> [f64; 3] {
        // Rooms that were sent to since they were listed are listed anew first, which no number shows.
        const QUIET: usize = 10_000;
        tokio::time::advance(later).await;
        let (mut turns, mut quiet) = (Vec::new(), 0);
        let mut before = (self.hub.stats().rooms, self.health.history_bytes());
        while quiet < QUIET {
            let start = Instant::now();
            tokio::task::yield_now().await;
            turns.push(start.elapsed().as_secs_f64() * 1e3);
            let now = (self.hub.stats().rooms, self.health.history_bytes());
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
        // Those at the end, in which nothing was done, are not counted.
        turns.truncate(turns.len() - QUIET);
        turns.push(0.0);
        let all = turns.iter().sum();
        turns.sort_by(f64::total_cmp);
        [turns[turns.len() - 1], turns[turns.len() / 2], all]
    }
}

fn kept_rooms() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!(
        "{} rooms that are kept: the longest turn of their task, what half are below, all of them, in ms",
        Keeping::ROOMS
    );
    let second = Duration::from_millis(1_100);
    for (history_bytes, messages, rows) in [
        (256 << 20, 1, &[("a second in which nothing is due", second), ("all are due", Duration::from_secs(300))][..]),
        (150_000_000, 2, &[("too much: messages are let go", second)]),
    ] {
        runtime.block_on(async {
            let keeping = Keeping::new(history_bytes, messages).await;
            for (what, later) in rows {
                let [longest, half, all] = keeping.turns(*later).await;
                let (rooms, bytes) = (keeping.hub.stats().rooms, keeping.health.history_bytes());
                println!("{what:40} {longest:8.2} {half:8.3} {all:8.1}   {rooms} rooms, {bytes} bytes are left");
            }
            tokio::time::resume();
        });
    }
}

/// The median, and what a tenth is below.
fn middle(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() / 10])
}

fn main() {
    if std::env::args().any(|argument| argument == "kept") {
        return kept_rooms();
    }
    println!("a send, in nanoseconds: median (a tenth is below)");
    for (members, samples) in [(1, 2001), (10, 1001), (1000, 101)] {
        let (mut plain, mut kept) = if std::env::args().any(|argument| argument == "swapped") {
            let kept = Side::kept(members);
            (Side::plain(members), kept)
        } else {
            (Side::plain(members), Side::kept(members))
        };
        let (mut times, mut kept_times) = (Vec::new(), Vec::new());
        // The first is for the caches.
        for sample in 0..=samples {
            // In turns, because who is second finds fewer of its members in the caches.
            let both = if sample % 2 == 0 {
                (plain.send(), kept.send())
            } else {
                let second = kept.send();
                (plain.send(), second)
            };
            if sample > 0 {
                times.push(both.0);
                kept_times.push(both.1);
            }
        }
        let ((median, tenth), (kept_median, kept_tenth)) = (middle(times), middle(kept_times));
        println!(
            "{members:5} members: plain {median:8.0} ({tenth:8.0}), kept {kept_median:8.0} ({kept_tenth:8.0}): {:+.0} ({:+.0}), {:.3}",
            kept_median - median,
            kept_tenth - tenth,
            kept_median / median,
        );
    }

    println!("a client that connects and leaves, in microseconds: median (a tenth is below)");
    let (plain, kept) = (Side::plain(0), Side::kept(0));
    let (mut times, mut kept_times) = (Vec::new(), Vec::new());
    for sample in 0..4001 {
        let both = (plain.comes("/plain", 0), kept.comes("/kept", 0));
        if sample > 0 {
            times.push(both.0.as_secs_f64() * 1e6);
            kept_times.push(both.1.as_secs_f64() * 1e6);
        }
    }
    let ((median, tenth), (kept_median, kept_tenth)) = (middle(times), middle(kept_times));
    println!(
        "      plain {median:6.1} ({tenth:6.1}), kept {kept_median:6.1} ({kept_tenth:6.1}): {:+.1} ({:+.1})",
        kept_median - median,
        kept_tenth - tenth
    );

    let side = Side::kept(0);
    let position = side.runtime.block_on(side.hub.room(&side.room).position()).expect("it has history").to_string();
    for _ in 0..256 {
        side.hub.room(&side.room).send(said());
    }
    println!("256 messages of 128 bytes: {} bytes counted", side.health.history_bytes());
    let (at, _) = position.rsplit_once(':').expect("a position");
    println!("a client that connects, takes what it missed, and leaves, in microseconds: median (a tenth is below)");
    let nothing = format!("{at}:256");
    for missed in [0_usize, 50, 100] {
        let position = format!("{at}:{}", 256 - missed);
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for sample in 0..1001 {
            let both = (side.comes_back(&nothing, 0), side.comes_back(&position, missed));
            if sample > 0 {
                without.push(both.0.as_secs_f64() * 1e6);
                with.push(both.1.as_secs_f64() * 1e6);
            }
        }
        let ((base, base_tenth), (median, tenth)) = (middle(without), middle(with));
        println!(
            "{missed:5} missed: {median:6.1} ({tenth:6.1}), none {base:6.1} ({base_tenth:6.1}): {:+.1} ({:+.1})",
            median - base,
            tenth - base_tenth
        );
    }
    let start = Instant::now();
    let position = format!("{at}:{}", 256 - 50);
    for _ in 0..10_000 {
        side.comes_back(&position, 50);
    }
    println!("10,000 clients with 50 missed each, connect and close included: {:.2} s", start.elapsed().as_secs_f64());
    kept_rooms();
}
