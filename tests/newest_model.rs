//! Random runs of newest values over a simulated bus: nodes whose clocks differ, clients that come and go, and a bus that delays, repeats, is
//! cut and restarted. `SEEDS=10000 cargo test --test newest_model` tries more of them, `SEED=17` that one.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use channel_runtime::private::{Tables, lane_tables};
use channel_runtime::testing::{self, Client, TestCluster};
use channel_runtime::{Channels, ConnectionId, Elsewhere, Hub, NotTaken, Socket, channel, channels, message};
use fastrand::Rng;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::time::sleep;

/// In the usual test run.
const SEEDS: u64 = 150;
const STEPS: usize = 100;
const ROOMS: usize = 3;
const KEYS: usize = 4;

/// After so many seconds the bus is whole again for all, and what was missed has been asked for.
const REST: u64 = 20;

#[message(type = "tick", latest(key = symbol))]
pub struct Tick {
    symbol: String,
    n: usize,
}

#[message(type = "level", latest(key = symbol, every = "30ms"))]
pub struct Level {
    symbol: String,
    n: usize,
}

#[message(type = "me")]
pub struct Me {
    id: String,
}

#[channel("/market/:room")]
pub struct Market {
    room: String,
}

#[channel(sends(Tick, Level, Me))]
impl Market {
    fn on_connect(&self, socket: &Socket<Self>) -> Me {
        Me { id: socket.id().to_string() }
    }
}

type Hubs = Arc<Mutex<Vec<Hub<Market>>>>;

/// A table of values: of a room, or, with no room, of all.
type Place = (Option<usize>, bool, String);

struct Listener {
    client: Client<Market>,
    id: Option<ConnectionId>,
    node: usize,
    room: usize,
    heard: BTreeMap<Place, Vec<usize>>,
}

impl Listener {
    /// Those of all have other keys.
    fn take(&mut self) {
        for text in self.client.take_texts() {
            let json: Value = serde_json::from_str(&text).unwrap();
            if let Some(id) = json["id"].as_str() {
                self.id = Some(id.parse().unwrap());
                continue;
            }
            let symbol = json["symbol"].as_str().unwrap().to_owned();
            let room = (!symbol.starts_with('*')).then_some(self.room);
            let heard = self.heard.entry((room, json["type"] == "level", symbol)).or_default();
            heard.push(json["n"].as_u64().unwrap() as usize);
        }
    }

    fn newest(&self) -> BTreeMap<Place, usize> {
        self.heard.iter().map(|(place, heard)| (place.clone(), *heard.last().unwrap())).collect()
    }
}

struct Run {
    rng: Rng,
    has_faults: bool,
    cluster: TestCluster<()>,
    hubs: Hubs,
    listeners: Vec<Listener>,
    sent: usize,
    /// Who is not to hear a value, by its number.
    excluded: BTreeMap<usize, ConnectionId>,
    forgotten: BTreeSet<Place>,
    cut: BTreeSet<usize>,
    /// Of all that was heard of one table, which came before which.
    order: BTreeMap<Place, BTreeSet<(usize, usize)>>,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let has_faults = !seed.is_multiple_of(3);
        let hubs = Hubs::default();
        let given = hubs.clone();
        let server = move |channels: Channels<()>| {
            given.lock().unwrap().push(channels.of::<Market>());
            channels.app(())
        };
        let nodes = rng.usize(2..=4);
        let most_waiting = if has_faults && rng.u8(0..4) == 0 { 3000 } else { 16 << 20 };
        let setup = testing::cluster_with(nodes, || channels![Market; cluster], server).seed(seed);
        let cluster = setup.settings(move |bus| bus.queue_bytes(most_waiting)).await;
        let bus = cluster.bus();
        if rng.bool() {
            bus.delay(Duration::ZERO..=Duration::from_millis(rng.u64(1..50)));
        }
        bus.duplicates(rng.u32(0..4));
        for node in 0..nodes {
            bus.clock_ahead(node, Duration::from_millis(rng.u64(0..10_000)));
        }
        let mut run = Self {
            rng,
            has_faults,
            cluster,
            hubs,
            listeners: Vec::new(),
            sent: 0,
            excluded: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            cut: BTreeSet::new(),
            order: BTreeMap::new(),
        };
        // Each room stays, with what it has.
        for room in 0..ROOMS {
            run.connect(0, room).await;
        }
        run
    }

    async fn connect(&mut self, node: usize, room: usize) {
        let client = self.cluster[node].connect::<Market>(&format!("/market/{room}")).without_waiting().await.unwrap();
        self.listeners.push(Listener { client, id: None, node, room, heard: BTreeMap::new() });
    }

    /// Returns the tables of it.
    fn send(&mut self, node: usize) -> (usize, Vec<Place>) {
        let hub = self.hubs.lock().unwrap()[node].clone();
        let (n, is_level, key) = (self.sent, self.rng.bool(), self.rng.usize(..KEYS));
        self.sent += 1;
        let (to, room, other) = (self.rng.u8(0..10), self.rng.usize(..ROOMS), self.rng.usize(..ROOMS));
        let symbol = if to == 0 { format!("*{key}") } else { format!("{key}") };
        macro_rules! send {
            ($to:expr) => {
                if is_level {
                    $to.send(Level { symbol: symbol.clone(), n })
                } else {
                    $to.send(Tick { symbol: symbol.clone(), n })
                }
            };
        }
        let of = |room: usize| Market::room(&room.to_string());
        let rooms = match to {
            0 => {
                send!(hub.all());
                vec![None]
            }
            1 if room != other => {
                send!(hub.rooms([of(room), of(other)]));
                vec![Some(room), Some(other)]
            }
            2 => {
                let id = self.rng.choice(&self.listeners).and_then(|listener| listener.id);
                match id {
                    Some(id) => {
                        send!(hub.room(&of(room)).except(id));
                        self.excluded.insert(n, id);
                    }
                    None => {
                        send!(hub.room(&of(room)));
                    }
                }
                vec![Some(room)]
            }
            _ => {
                send!(hub.room(&of(room)));
                vec![Some(room)]
            }
        };
        let places: Vec<Place> = rooms.into_iter().map(|room| (room, is_level, symbol.clone())).collect();
        for place in &places {
            self.forgotten.remove(place);
        }
        (n, places)
    }

    fn forget(&mut self, node: usize) {
        let hub = self.hubs.lock().unwrap()[node].clone();
        let (room, key) = (self.rng.usize(..ROOMS), self.rng.usize(..KEYS).to_string());
        hub.room(&Market::room(&room.to_string())).forget::<Tick>(&key);
        // It may have been sent on another node at the same time.
        self.forgotten.insert((Some(room), false, key));
    }

    fn fault(&mut self) {
        let (bus, node) = (self.cluster.bus(), self.rng.usize(..self.cluster.len()));
        match self.rng.u8(0..6) {
            0 => bus.cut(node),
            1 => bus.cut_from_bus(node),
            2 => bus.cut_to_bus(node),
            3 => return bus.restart(),
            _ => return std::mem::take(&mut self.cut).into_iter().for_each(|node| bus.heal(node)),
        }
        self.cut.insert(node);
    }

    async fn step(&mut self) {
        let node = self.rng.usize(..self.cluster.len());
        match self.rng.u8(0..100) {
            0..50 => _ = self.send(node),
            50..54 => self.forget(node),
            54..64 if self.listeners.len() < 20 => {
                let room = self.rng.usize(..ROOMS);
                self.connect(node, room).await;
            }
            64..72 if self.listeners.len() > ROOMS => {
                let at = self.rng.usize(ROOMS..self.listeners.len());
                self.listeners.swap_remove(at);
            }
            72..76 if self.has_faults => self.fault(),
            76 if self.cluster.len() < 5 && self.cut.is_empty() => _ = self.cluster.join().await,
            77 if self.has_faults => {
                let seconds = self.rng.u64(1..8);
                self.sleep(seconds).await;
            }
            78..92 => sleep(Duration::from_millis(self.rng.u64(1..60))).await,
            _ => self.take(),
        }
    }

    fn take(&mut self) {
        self.listeners.iter_mut().for_each(Listener::take);
    }

    /// Who reads nothing for long answers no ping.
    async fn sleep(&mut self, seconds: u64) {
        for _ in 0..seconds {
            sleep(Duration::from_secs(1)).await;
            self.take();
        }
    }

    async fn rest(&mut self) {
        for node in std::mem::take(&mut self.cut) {
            self.cluster.bus().heal(node);
        }
        self.sleep(REST).await;
        self.cluster.settle().await;
        self.take();
    }

    /// All clients of a room have the same, and who enters now on any node is told just that.
    async fn check(&mut self, seed: u64) -> BTreeMap<Place, usize> {
        let before = self.listeners.len();
        for node in 0..self.cluster.len() {
            for room in 0..ROOMS {
                self.connect(node, room).await;
            }
        }
        // It may be the first of its room there, which asks.
        self.sleep(REST).await;
        self.cluster.settle().await;
        self.take();
        let newcomers = self.listeners.split_off(before);
        let mut all = BTreeMap::new();
        for newcomer in &newcomers {
            for (place, n) in newcomer.newest() {
                let known = *all.entry(place.clone()).or_insert(n);
                assert_eq!(known, n, "{seed}: {place:?} on node {}", newcomer.node);
            }
        }
        for newcomer in &newcomers {
            let own: BTreeMap<Place, usize> = newcomer.newest();
            let is_its = |place: &Place| place.0.is_none_or(|room| room == newcomer.room);
            let expected: BTreeMap<_, _> =
                all.iter().filter(|(place, _)| is_its(place)).map(|(place, n)| (place.clone(), *n)).collect();
            assert_eq!(own, expected, "{seed}: who enters room {} on node {}", newcomer.room, newcomer.node);
        }
        for listener in &self.listeners {
            for (place, n) in &all {
                let is_excluded = self.excluded.get(n).is_some_and(|id| listener.id == Some(*id));
                if place.0.is_none_or(|room| room == listener.room) && !is_excluded {
                    let newest = listener.heard.get(place).and_then(|heard| heard.last());
                    let (id, node, heard) = (listener.id, listener.node, listener.heard.get(place));
                    assert_eq!(newest, Some(n), "{seed}: {place:?} of {id:?} on node {node}: {heard:?}");
                }
            }
        }
        all
    }

    /// What comes first for one client comes first for all.
    fn check_order(&mut self, seed: u64) {
        for listener in &self.listeners {
            for (place, heard) in &listener.heard {
                let order = self.order.entry(place.clone()).or_default();
                for (at, later) in heard.iter().enumerate() {
                    for earlier in &heard[..at] {
                        assert_ne!(earlier, later, "{seed}: {place:?} twice");
                        order.insert((*earlier, *later));
                        assert!(!order.contains(&(*later, *earlier)), "{seed}: {place:?}, {earlier} and {later}");
                    }
                }
            }
        }
    }
}

async fn run(seed: u64) {
    let mut run = Run::new(seed).await;
    for _ in 0..STEPS {
        run.step().await;
    }
    run.rest().await;
    run.check(seed).await;
    // Whatever the clocks, what is sent now is the newest.
    let mut latest = BTreeMap::new();
    for _ in 0..10 {
        let node = run.rng.usize(..run.cluster.len());
        let (n, places) = run.send(node);
        latest.extend(places.into_iter().map(|place| (place, n)));
        sleep(Duration::from_millis(60)).await;
        run.cluster.settle().await;
    }
    run.rest().await;
    let all = run.check(seed).await;
    for (place, n) in latest {
        assert_eq!(all.get(&place), Some(&n), "{seed}: {place:?}");
    }
    run.check_order(seed);
    for (node, hub) in run.hubs.lock().unwrap().iter().enumerate() {
        assert_eq!(lane_tables(hub), Tables::default(), "{seed}: something is left in the lane of node {node}");
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

#[test]
fn when_the_bus_is_whole_everybody_has_every_newest_value() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    let next = AtomicU64::new(seeds.start);
    let try_on = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| seeds.contains(seed)) {
            let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            runtime.block_on(run(seed));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(try_on);
        }
    });
}

/// Nobody misses a number, because what is not taken has none.
#[tokio::test(start_paused = true)]
async fn what_the_bus_did_not_take_is_asked_for() {
    let hubs = Hubs::default();
    let given = hubs.clone();
    let server = move |channels: Channels<()>| {
        given.lock().unwrap().push(channels.of::<Market>());
        channels.app(())
    };
    let setup = testing::cluster_with(2, || channels![Market; cluster], server);
    let cluster = setup.settings(|bus| bus.queue_bytes(500)).await;
    let hub = hubs.lock().unwrap()[0].clone();
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for (node, clients) in [(0, &mut here), (1, &mut there)] {
        clients.push(cluster[node].connect::<Market>("/market/0").without_waiting().await.unwrap());
    }
    cluster.settle().await;
    let texts = |clients: &mut Vec<Client<Market>>| {
        let mut texts = clients[0].take_texts();
        texts.sort();
        texts
    };
    // The rooms that were opened have been asked for by then.
    sleep(Duration::from_secs(5)).await;
    cluster.settle().await;
    let _welcome = (texts(&mut here), texts(&mut there));
    let room = hub.room(&Market::room("0"));
    let sent: Vec<_> = (0..20).map(|n| room.send(Tick { symbol: n.to_string(), n }).elsewhere).collect();
    assert!(sent.contains(&Elsewhere::Refused(NotTaken::Full)), "{sent:?}");
    sleep(Duration::from_secs(3)).await;
    cluster.settle().await;
    let expected = texts(&mut here);
    assert_eq!(expected.len(), 20);
    assert_eq!(texts(&mut there), expected);
    assert_eq!((cluster[1].bus().stats().disconnects, cluster[1].bus().lost()), (0, 0));
}
