//! A node: this program again, which does what lines of JSON on its stdin say.

use std::alloc::System;
use std::fmt;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use bench::serving::{Serving, Threads, announce};
use cap::Cap;
use channel_runtime::describe::Needs;
use channel_runtime::{
    Bus, BusState, Channels, Config, Elsewhere, Extract, Handshake, Hub, Nats, Redis, Reject, Socket, channel,
    channels, message,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// The room that has members. The next so many have none.
pub const ROOM: u64 = 0;
pub const EMPTY_ROOMS: u64 = 1000;

/// What a connection joins that asks for it.
pub const TOPICS_EACH: u64 = 1000;

/// With what is around it, 200 bytes.
pub const TEXT: usize = 175;

/// How long who sends sleeps: shorter than the gather time, and long enough that its waking is not what is measured.
const STEP: Duration = Duration::from_micros(250);

/// Its multiples are spread evenly within one.
const GOLDEN: f64 = 0.618_034;

/// Which bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Nats,
    Redis,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Nats, Self::Redis];

    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Redis => "redis",
        }
    }
}

#[derive(Serialize, Deserialize)]
pub enum Order {
    /// Sends so many messages a second into rooms without members, and so many into [`ROOM`].
    Send { empty: u64, room: u64, seconds: f64 },
    /// Waits until the bus has been away so many times and is there again.
    Back { times: u64 },
    /// Waits for so many connections.
    Heap { connections: usize },
    /// What has passed the bus.
    Passed,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    Sent {
        messages: u64,
        refused: u64,
    },
    Up,
    /// In bytes.
    Heap(usize),
    Passed {
        received: u64,
        lost: u64,
        parcels: u64,
    },
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

/// A text of a client's.
pub fn said() -> String {
    format!(r#"{{"type":"said","text":"{}"}}"#, "x".repeat(TEXT))
}

#[channel("/ws/:room", rooms(Topic))]
struct Chat {
    room: u64,
    #[extract]
    asked: Asked,
}

/// `?user=7`, and with `&topics` in a thousand rooms more.
struct Asked {
    user: u64,
    topics: bool,
}

struct Topic(u64);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Sync> Extract<A> for Asked {
    const NEEDS: Needs = Needs::query("user");

    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let user = handshake.query_param("user").and_then(|user| user.parse().ok());
        let user = user.ok_or(Reject::unauthorized("No user"))?;
        Ok(Self { user, topics: handshake.query_param("topics").is_some() })
    }
}

#[channel(sends(Said))]
impl Chat {
    fn identity(&self) -> u64 {
        self.asked.user
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        if self.asked.topics {
            let first = self.asked.user * TOPICS_EACH;
            for topic in first..first + TOPICS_EACH {
                socket.join(&Topic(topic));
            }
        }
    }

    #[message]
    fn said(&mut self, said: Said, socket: &Socket<Self>) {
        socket.room().send(said);
    }
}

/// Serves until stdin ends.
pub fn run(serving: &Serving, bus: Option<&str>, gather: Duration) -> io::Result<()> {
    serving.begin()?;
    Threads { threads: 1 }.run(async {
        let list = channels![Chat; cluster];
        let channels: Channels<()> = match bus {
            None => Ok(list.alone()),
            Some(redis) if redis.starts_with("redis") => list.over(Redis::at(redis).gather(gather)).await,
            Some(nats) => list.over(Nats::at(nats).gather(gather)).await,
        }
        .map_err(io::Error::other)?;
        let (hub, bus) = (channels.of::<Chat>(), channels.bus());
        // The members answer no pings.
        let config = Config::default().message_rate(None).ping_interval(None).idle_timeout(None);
        let bound = channels.app(()).config(config).bind(serving.addr).await?;
        announce(bound.local_addr());
        let mut ordered = orders();
        let work = async {
            while let Some(order) = ordered.recv().await {
                let answer = follow(order, &hub, bus.as_ref()).await;
                tell(&answer);
            }
        };
        bound.run_until(work).await;
        Ok(())
    })
}

/// Those on this process's stdin, which end with it.
pub fn orders() -> UnboundedReceiver<Order> {
    let (orders, ordered) = unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            // A node that has stopped takes no more.
            _ = orders.send(serde_json::from_str(&line).expect("a line is an order"));
        }
    });
    ordered
}

pub fn tell(answer: &Answer) {
    println!("{}", serde_json::to_string(answer).expect("numbers are JSON"));
}

async fn follow(order: Order, hub: &Hub<Chat>, bus: Option<&Bus>) -> Answer {
    match order {
        Order::Send { empty, room, seconds } => {
            let hub = hub.clone();
            // A thread of its own, so that messages come one by one, as those of many clients do.
            let sent = tokio::task::spawn_blocking(move || send(&hub, empty, room, seconds)).await;
            if let Some(bus) = bus {
                bus.flushed().await;
            }
            let (messages, refused) = sent.expect("sending never panics");
            Answer::Sent { messages, refused }
        }
        Order::Back { times } => {
            let mut bus = bus.expect("only nodes with a bus are asked").clone();
            while bus.stats().disconnects < times || bus.state() != BusState::Up {
                bus.changed().await;
            }
            Answer::Up
        }
        Order::Heap { connections } => {
            while hub.all().len() != connections {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // What handshakes needed is gone by then.
            tokio::time::sleep(Duration::from_millis(300)).await;
            Answer::Heap(HEAP.allocated())
        }
        Order::Passed => {
            let stats = bus.map(Bus::stats).unwrap_or_default();
            Answer::Passed { received: stats.received, lost: stats.lost, parcels: stats.parcels }
        }
    }
}

fn send(hub: &Hub<Chat>, empty: u64, room: u64, seconds: f64) -> (u64, u64) {
    let begun = Instant::now();
    let (mut to_empty, mut to_room, mut refused) = (0, 0, 0);
    let mut say = |room| {
        let sent = hub.room(&Chat::room(&room)).send(Said { text: "x".repeat(TEXT) });
        refused += u64::from(matches!(sent.elsewhere, Elsewhere::Refused(_)));
    };
    loop {
        let passed = begun.elapsed().as_secs_f64().min(seconds);
        while to_empty < (passed * empty as f64) as u64 {
            say(1 + ROOM + to_empty % EMPTY_ROOMS);
            to_empty += 1;
        }
        // Not at the same time in each millisecond, or how long they wait for a parcel would be chance.
        while to_room as f64 + (to_room as f64 * GOLDEN).fract() < passed * room as f64 {
            say(ROOM);
            to_room += 1;
        }
        if passed >= seconds {
            return (to_empty + to_room, refused);
        }
        thread::sleep(STEP);
    }
}
