//! What a flap costs in a room of 200 whose clients are told who is present: a client that leaves and comes again.
//!
//! Beside it stands the same flap in a room without presence: the difference is what presence costs. 1000 flap in a tick, and a sample
//! is all of them with that tick. What is counted is the server's work for them, which everything else here is the same for: the hook, the
//! table, `$presence` as it is made and written to all 200, and to who comes. The streams are in memory, so that no system calls are counted.
//! The two are measured in turns, so that whatever else the machine does falls on both alike.
//!
//! Who is lost comes back in time, and nobody is told. Who closes its connection is told to have gone and come.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use channel_runtime::{Channel, Config, Extract, Handshake, Hub, Listener, Reject, channel, channels};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::sleep;

const MEMBERS: usize = 200;
const FLAPS: usize = 1000;
const SAMPLES: usize = 41;
const TICK: Duration = Duration::from_millis(250);

/// More than a client is sent in a sample.
const HOLDS: usize = 256 * 1024;

/// A masked Close with 1000.
const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 3, 0xE8];

struct Name(String);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        handshake.query_param("name").map(Self).ok_or(Reject::unauthorized("who are you?"))
    }
}

#[derive(Clone, PartialEq, Serialize)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/seen", presence = Seen)]
struct Shown {
    #[extract]
    name: Name,
}

#[channel]
impl Shown {
    fn identity(&self) -> &String {
        &self.name.0
    }

    fn presence(&self) -> Seen {
        Seen { cursor: None }
    }
}

#[channel("/unseen")]
struct Unseen {
    #[extract]
    name: Name,
}

#[channel]
impl Unseen {
    fn identity(&self) -> &String {
        &self.name.0
    }
}

struct Memory(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Memory {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        match self.0.recv().await {
            Some(stream) => Ok((stream, None)),
            None => std::future::pending().await,
        }
    }
}

struct Side<C: Channel> {
    path: &'static str,
    arrivals: mpsc::UnboundedSender<DuplexStream>,
    hub: Hub<C>,
    members: Vec<Option<DuplexStream>>,
}

impl<C: Channel> Side<C> {
    async fn new(path: &'static str, arrivals: mpsc::UnboundedSender<DuplexStream>, hub: Hub<C>) -> Self {
        let mut side = Self { path, arrivals, hub, members: Vec::new() };
        for at in 0..MEMBERS {
            side.members.push(None);
            side.enter(at).await;
        }
        sleep(TICK).await;
        side
    }

    async fn enter(&mut self, at: usize) {
        let (mut client, server) = duplex(HOLDS);
        self.arrivals.send(server).expect("the server runs");
        let upgrade = format!(
            "GET {}?name={at} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Sec-WebSocket-Protocol: channels.1.json, channels.hello\r\n\r\n",
            self.path
        );
        let before = self.hub.all().len();
        client.write_all(upgrade.as_bytes()).await.expect("it has room");
        while self.hub.all().len() == before {
            yield_now().await;
        }
        self.members[at] = Some(client);
    }

    async fn leave(&mut self, at: usize, is_meant: bool) {
        let mut client = self.members[at].take().expect("it is here");
        if is_meant {
            client.write_all(&CLOSE).await.expect("it has room");
        } else {
            drop(client);
        }
        while self.hub.all().len() == MEMBERS {
            yield_now().await;
        }
    }

    /// Microseconds of a flap.
    async fn sample(&mut self, is_meant: bool) -> f64 {
        let begun = Instant::now();
        for at in 0..FLAPS {
            self.leave(at % MEMBERS, is_meant).await;
            self.enter(at % MEMBERS).await;
        }
        // The runtime's clock stands while there is work, and jumps to the tick when there is none.
        sleep(TICK).await;
        sleep(TICK).await;
        let time = begun.elapsed();
        for member in self.members.iter_mut().flatten() {
            let mut taken = vec![0; HOLDS];
            assert!(member.read(&mut taken).await.expect("it is open") > 0);
        }
        // The grace of whom nobody came back for.
        sleep(Duration::from_secs(20)).await;
        time.as_nanos() as f64 / 1000.0 / FLAPS as f64
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let channels = channels![Shown, Unseen];
        let (shown, unseen) = (channels.of::<Shown>(), channels.of::<Unseen>());
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let server = channels.app(()).config(Config::default().ping_interval(None));
        tokio::spawn(server.listen(Memory(arriving)).run());
        let mut shown = Side::new("/seen", arrivals.clone(), shown).await;
        let mut unseen = Side::new("/unseen", arrivals, unseen).await;
        for (is_meant, what) in [(false, "lost, and back in time"), (true, "closed, and come anew")] {
            let (mut with, mut without, mut presence) = (Vec::new(), Vec::new(), Vec::new());
            for sample in 0..=SAMPLES {
                let (one, other) = (shown.sample(is_meant).await, unseen.sample(is_meant).await);
                // The first is for the caches.
                if sample > 0 {
                    with.push(one);
                    without.push(other);
                    presence.push(one - other);
                }
            }
            println!(
                "{what}: a flap in a room of {MEMBERS}, in microseconds: {:.1} with presence, {:.1} without; presence {:.1}",
                median(&mut with),
                median(&mut without),
                median(&mut presence),
            );
        }
    });
}
