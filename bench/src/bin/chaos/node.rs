//! One node: a channel with every kind of audience, and how it is, a line of JSON at a time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bench::serving::{Serving, Threads, announce};
use channel_runtime::private::census;
use channel_runtime::{
    BusState, Channels, Config, Elsewhere, Extract, Handshake, Hub, Nats, NotTaken, Redis, Reject, Socket, channel,
    channels, message,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::record::now;

/// How a node is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// Milliseconds since 1970.
    pub at: u64,
    pub is_up: bool,
    pub queue_bytes: usize,
    pub lost: u64,
    pub duplicates: u64,
    pub refused: u64,
    pub foreign: u64,
    pub disconnects: u64,
    /// How many other nodes it knows.
    pub others: usize,
    pub connections: usize,
    pub rooms: usize,
    pub users: usize,
    /// How many clients the nodes have that have answered. `None` without a bus.
    pub everywhere: Option<usize>,
}

/// Whom something is said to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// The room of the path.
    Room,
    Tag(u64),
    User(u64),
    All,
}

#[message(type = "say")]
struct Say {
    to: To,
    n: u32,
}

#[message(type = "said")]
struct Said {
    from: u32,
    n: u32,
}

/// What became of what a client has said.
#[message(type = "told")]
struct Told {
    n: u32,
    is_refused: bool,
}

/// From now on the client is in all of its rooms.
#[message(type = "welcome")]
struct Welcome {
    generation: u64,
}

struct Tag(u64);

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a client says of itself.
struct Who {
    life: u32,
    user: u64,
    tags: [u64; 2],
}

impl<A: Sync> Extract<A> for Who {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let number = |name: &str| {
            let number = handshake.query_param(name).and_then(|number| number.parse::<u64>().ok());
            number.ok_or_else(|| Reject::absent("who are you?"))
        };
        let life = u32::try_from(number("life")?).map_err(|_| Reject::absent("who are you?"))?;
        Ok(Self { life, user: number("user")?, tags: [number("tag")?, number("and")?] })
    }
}

struct App {
    generation: u64,
}

#[channel("/chaos/:room", app = App, rooms(Tag))]
struct Chaos {
    room: u64,
    #[extract]
    who: Who,
}

#[channel(sends(Said, Told, Welcome))]
impl Chaos {
    fn identity(&self) -> u64 {
        self.who.user
    }

    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        for tag in self.who.tags {
            socket.join(&Tag(tag));
        }
        socket.send(Welcome { generation: app.generation });
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        let said = Said { from: self.who.life, n: say.n };
        let sent = match say.to {
            To::Room => socket.room().send(said),
            To::Tag(tag) => socket.rooms([Tag(tag)]).send(said),
            To::User(user) => socket.user(&user).send(said),
            To::All => socket.all().send(said),
        };
        let is_refused = matches!(sent.elsewhere, Elsewhere::Refused(NotTaken::Away | NotTaken::Full));
        socket.send(Told { n: say.n, is_refused });
    }
}

/// Serves until it is told to stop.
pub fn run(serving: &Serving, threads: &Threads, bus: &str, generation: u64) -> io::Result<()> {
    serving.begin()?;
    threads.run(async {
        let list = channels![Chaos; cluster];
        let linked: Result<Channels<App>, _> = match bus {
            redis if redis.starts_with("redis") => list.over(Redis::at(redis).name("chaos")).await,
            nats => list.over(Nats::at(nats).name("chaos")).await,
        };
        let channels = linked.map_err(io::Error::other)?;
        let hub = channels.of::<Chaos>();
        let bus = channels.bus().expect("there is a cluster");
        let config = Config::default().message_rate(None).drain_window(Duration::from_secs(2));
        let bound = channels.app(App { generation }).config(config).bind(serving.addr).await?;
        announce(bound.local_addr());
        let counted = Arc::new(Mutex::new(None));
        tokio::spawn(count(hub.clone(), Arc::clone(&counted)));
        tokio::spawn(report(hub, bus, counted));
        bound.run().await
    })
}

/// Counts the clients of all nodes, again and again. One that was killed is named as missing for a minute, and has none.
async fn count(hub: Hub<Chaos>, counted: Arc<Mutex<Option<usize>>>) {
    loop {
        let everywhere = hub.all().everywhere().len().await;
        *counted.lock() = everywhere.bus_is_up.then_some(everywhere.value);
        sleep(Duration::from_millis(200)).await;
    }
}

/// Says how it is: ten times a second, and at once when the bus comes or goes.
async fn report(hub: Hub<Chaos>, mut bus: channel_runtime::Bus, counted: Arc<Mutex<Option<usize>>>) {
    let mut ticks = interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (is_up, stats, census) = (bus.state() == BusState::Up, bus.stats(), census(&hub));
        let status = Status {
            at: now(),
            is_up,
            queue_bytes: stats.queue_bytes,
            lost: stats.lost,
            duplicates: stats.duplicates,
            refused: stats.refused_away + stats.refused_full,
            foreign: stats.foreign,
            disconnects: stats.disconnects,
            others: bus.nodes().len(),
            connections: census.connections,
            rooms: census.rooms,
            users: census.users,
            everywhere: *counted.lock(),
        };
        println!("{}", serde_json::to_string(&status).expect("numbers are JSON"));
        tokio::select! {
            () = bus.changed() => {}
            _ = ticks.tick() => {}
        }
    }
}
