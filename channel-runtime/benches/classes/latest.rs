//! What a newest value costs that is told every 100 ms: 2000 a second of 20 keys, to a room of 1000.
//!
//! A sample is the 200 sends of a tick and the writing to all, and beside it the system calls alone: as many bytes as each member was
//! sent, to 1000 sockets that nobody else uses. Below these none can be that writes to each member ten times a second. Both are measured
//! twice: one tick behind the other, as on a server that is busy; and with the 100 ms between them in which nothing runs, after which
//! neither the caches nor the processor are warm. At last 200 reliable sends to as many, one after the other.
//!
//! On loopback a write also does the receiver's half of the work, in the kernel. To see that of the server alone, have the other core
//! do it, which takes root: `echo 2 > /sys/class/net/lo/queues/rx-0/rps_cpus`, and this under `taskset -c 0`; then `echo 0` again.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use channel_runtime::{Channel, SentBy, channel, channels, message};
use tokio::task::yield_now;

use crate::side::{Clock, Side, take};
use crate::{Reliable, Said, TEXT, median_and_tenth, text};

const MEMBERS: usize = 1000;
const TICKS: usize = 51;
const SENDS_A_TICK: usize = 200;
const KEYS: usize = 20;
const EVERY: Duration = Duration::from_millis(100);

#[message(type = "told", latest(key = key, every = "100ms"))]
struct Told {
    key: usize,
    text: String,
}

#[channel("/latest")]
struct Latest;

#[channel(sends(Told))]
impl Latest {}

pub fn row() {
    for (clock, name) in [(Clock::Paused, "one tick behind the other"), (Clock::Real, "after a pause")] {
        let channels = channels![Latest];
        let hub = channels.of::<Latest>();
        let mut latest = Side::new(channels.app(()), hub, "/latest", (MEMBERS, 0), clock);
        let mut raw = Raw::new(clock);
        let mut bytes = 0;
        let [latest, raw] = samples(|| {
            let time;
            (time, bytes) = a_message(&mut latest, |n| Told { key: n % KEYS, text: text(TEXT - 10) });
            [time, raw.time(bytes)]
        });
        println!(
            "a message sent to {MEMBERS}, {name}, in microseconds: the newest of {KEYS} keys every {EVERY:?}: {:.1} ({:.1}); the same \
             {bytes} bytes to each by system calls alone: {:.1} ({:.1}): {:.3} ({:.3})",
            latest.0,
            latest.1,
            raw.0,
            raw.1,
            latest.0 / raw.0,
            latest.1 / raw.1,
        );
    }
    let channels = channels![Reliable];
    let hub = channels.of::<Reliable>();
    let mut reliable = Side::new(channels.app(()), hub, "/reliable", (MEMBERS, 0), Clock::Paused);
    let [(median, tenth)] = samples(|| [a_message(&mut reliable, |_| Said { text: text(TEXT) }).0]);
    println!("a reliable one: {median:.1} ({tenth:.1})");
}

/// Medians, and what a tenth is below.
fn samples<const N: usize>(mut sample: impl FnMut() -> [f64; N]) -> [(f64, f64); N] {
    // The first is for the caches.
    sample();
    let mut times = [const { Vec::new() }; N];
    for _ in 0..TICKS {
        times.iter_mut().zip(sample()).for_each(|(times, time)| times.push(time));
    }
    times.map(median_and_tenth)
}

/// Microseconds of a message sent: of the sends of a tick and of the writing to all members; and how many bytes each was sent.
fn a_message<C: Channel, M: SentBy<C>>(side: &mut Side<C>, make: impl Fn(usize) -> M) -> (f64, usize) {
    let Side { runtime, hub, .. } = side;
    let time = runtime.block_on(async {
        // The tick before is over.
        tokio::time::sleep(EVERY + EVERY / 10).await;
        let start = Instant::now();
        for n in 0..SENDS_A_TICK {
            assert_eq!(hub.all().send(make(n)).recipients, MEMBERS);
        }
        // 32 members are written to in a turn, and the first turns are those of the task that begins.
        for _ in 0..MEMBERS.div_ceil(32) + 4 {
            yield_now().await;
        }
        start.elapsed()
    });
    let bytes = side.take();
    (time.as_nanos() as f64 / 1000.0 / SENDS_A_TICK as f64, bytes)
}

/// Sockets alone.
struct Raw {
    written: Vec<TcpStream>,
    reading: Vec<TcpStream>,
    clock: Clock,
}

impl Raw {
    fn new(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let pair = |_| {
            let client = TcpStream::connect(addr).expect("it is listened");
            let (server, _) = listener.accept().expect("a client");
            server.set_nodelay(true).expect("a socket");
            for stream in [&server, &client] {
                stream.set_nonblocking(true).expect("a socket");
            }
            (server, client)
        };
        let (written, reading) = (0..MEMBERS).map(pair).unzip();
        Self { written, reading, clock }
    }

    /// As [`a_message`].
    fn time(&mut self, bytes: usize) -> f64 {
        if self.clock == Clock::Real {
            std::thread::sleep(EVERY + EVERY / 10);
        }
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
