//! One run of the model: nodes, clients and faults by a seed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::private::{Census, Tables, census, lane_tables};
use channel_runtime::testing::{self, Client, TestCluster};
use channel_runtime::{BusState, CloseCode, Extract, Handshake, Hub, Reject, Socket, channel, channels, message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub use channel_runtime::testing::Lie;

use super::journal::{Journal, Listener, NodeRecord, Said, Stay, To, Wrong};

const ROOMS: usize = 3;
const USERS: usize = 4;
const STEPS: usize = 120;

/// That a run has in all, those that have ended among them.
const MOST_NODES: usize = 6;

/// A parcel is not under way for longer.
const MOST_DELAY: Duration = Duration::from_millis(50);

/// In some runs so little waits for a bus that is away.
const SHORT_QUEUE: usize = 1500;

#[message(type = "say")]
pub struct Say {
    to: String,
    one: usize,
    other: usize,
}

/// Into a room, or out of it.
#[message(type = "go")]
pub struct Go {
    room: usize,
}

#[message(type = "heard")]
pub struct Heard {
    n: usize,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Nudge {
    n: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic(usize);

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What the query says: the client's place in the journal, and its user.
pub struct Who {
    client: usize,
    user: String,
}

impl Extract<App> for Who {
    async fn extract(handshake: &Handshake, _: &App) -> Result<Self, Reject> {
        let client = handshake.query_param("client").ok_or(Reject::absent("who is it?"))?;
        let user = handshake.query_param("user").ok_or(Reject::absent("who is it?"))?;
        Ok(Self { client: client.parse().expect("a number"), user })
    }
}

pub struct App {
    node: usize,
    journal: Arc<Mutex<Journal>>,
}

#[channel("/talk", app = App, rooms(Topic))]
pub struct Talk {
    #[extract]
    who: Who,
}

const WITNESS: &str = "witness";

#[channel(sends(Heard))]
impl Talk {
    fn identity(&self) -> &String {
        &self.who.user
    }

    fn on_connect(&self, socket: &Socket<Self>, app: &App) {
        let mut journal = app.journal.lock().unwrap();
        let since = journal.said.len();
        let listener = &mut journal.clients[self.who.client];
        listener.since = Some(since);
        for (room, stays) in &mut listener.rooms {
            socket.join(&Topic(*room));
            stays.push(Stay { since, until: None });
        }
    }

    #[message]
    fn go(&self, Go { room }: Go, socket: &Socket<Self>, app: &App) {
        let mut journal = app.journal.lock().unwrap();
        let now = journal.said.len();
        let stays = journal.clients[self.who.client].rooms.entry(room).or_default();
        match stays.last_mut().filter(|stay| stay.until.is_none()) {
            Some(stay) => {
                stay.until = Some(now);
                socket.leave(&Topic(room));
            }
            None => {
                stays.push(Stay { since: now, until: None });
                socket.join(&Topic(room));
            }
        }
    }

    #[notice]
    fn nudged(&self, Nudge { n }: Nudge) -> Heard {
        Heard { n }
    }

    #[message]
    fn say(&self, Say { to, one, other }: Say, socket: &Socket<Self>, app: &App) {
        let mut journal = app.journal.lock().unwrap();
        let n = journal.said.len();
        let (heard, user) = (Heard { n }, other.to_string());
        let (sent, to) = match to.as_str() {
            "all" => (socket.all().send(heard), To::All),
            "room" => (socket.room_of(&Topic(one)).send(heard), To::Room(one)),
            "others" => (socket.room_of(&Topic(one)).except(socket.id()).send(heard), To::Others(one)),
            "without" => (socket.room_of(&Topic(one)).except_user(&user).send(heard), To::Without(one, other)),
            "notice" => (socket.users([&user, &WITNESS.to_owned()]).notify(Nudge { n }), To::Notice(other)),
            "rooms" => (socket.rooms([Topic(one), Topic(other)]).send(heard), To::Rooms(one, other)),
            _ => (socket.users([&user, &WITNESS.to_owned()]).send(heard), To::User(other)),
        };
        let (by, node, at) = (self.who.client, app.node, Instant::now());
        journal.said.push(Said { by, node, to, at, elsewhere: sent.elsewhere });
    }
}

/// What may happen in a run.
#[derive(Clone, Copy)]
pub struct Kind {
    pub has_faults: bool,
    /// Questions have numbers too: without them the counters are exact.
    pub has_bans: bool,
    pub lie: Option<Lie>,
}

struct Run {
    random: fastrand::Rng,
    kind: Kind,
    cluster: TestCluster<App>,
    hubs: Arc<Mutex<Vec<Hub<Talk>>>>,
    journal: Arc<Mutex<Journal>>,
    /// By their places in the journal; `None` if it has left.
    clients: Vec<Option<Client<Talk>>>,
    watchers: Vec<JoinHandle<()>>,
    /// With the nodes that ask.
    bans: Vec<(usize, JoinHandle<()>)>,
    banned: BTreeSet<usize>,
    is_stopped: bool,
    cut: BTreeSet<usize>,
    /// How many bytes wait for the bus at most.
    queue_bytes: usize,
}

/// Returns what was heard in all, for the same seed the same.
pub async fn run(seed: u64, kind: Kind) -> Result<Vec<Vec<usize>>, Wrong> {
    let journal = Arc::<Mutex<Journal>>::default();
    let hubs = Arc::<Mutex<Vec<Hub<Talk>>>>::default();
    let mut random = fastrand::Rng::with_seed(seed);
    let (made, written) = (hubs.clone(), journal.clone());
    let server = move |channels: channel_runtime::Channels<App>| {
        let mut hubs = made.lock().unwrap();
        hubs.push(channels.of::<Talk>());
        channels.app(App { node: hubs.len() - 1, journal: written.clone() })
    };
    let nodes = random.usize(2..=4);
    let queue_bytes = if kind.has_faults && random.usize(..4) == 0 { SHORT_QUEUE } else { 16 << 20 };
    let cluster = testing::cluster_with(nodes, || channels![Talk; cluster], server);
    let cluster = cluster.seed(seed).settings(move |bus| bus.queue_bytes(queue_bytes)).await;
    let mut run = Run {
        random,
        kind,
        cluster,
        hubs,
        journal,
        clients: Vec::new(),
        watchers: Vec::new(),
        bans: Vec::new(),
        banned: BTreeSet::new(),
        is_stopped: false,
        cut: BTreeSet::new(),
        queue_bytes,
    };
    run.settings();
    for node in 0..nodes {
        run.begin(node).await;
    }
    for _ in 0..nodes * 2 {
        run.enter().await;
    }
    for _ in 0..STEPS {
        run.step().await?;
    }
    run.end().await
}

impl Run {
    fn settings(&mut self) {
        let bus = self.cluster.bus();
        let most = [Duration::ZERO, Duration::ZERO, Duration::from_millis(1), Duration::from_millis(5), MOST_DELAY];
        bus.delay(Duration::ZERO..=most[self.random.usize(..5)]);
        bus.duplicates(if self.kind.has_faults { [0, 0, 5, 20][self.random.usize(..4)] } else { 0 });
        if let Some(lie) = self.kind.lie {
            bus.lie(lie);
        }
    }

    /// A node that has just started.
    async fn begin(&mut self, node: usize) {
        let mut bus = self.cluster[node].bus();
        let mut record = NodeRecord { states: vec![(Instant::now(), true)], ..NodeRecord::default() };
        {
            let mut journal = self.journal.lock().unwrap();
            record.knows = (0..self.cluster.len()).filter(|other| *other != node).collect();
            journal.nodes.push(record);
        }
        let journal = self.journal.clone();
        self.watchers.push(tokio::spawn(async move {
            loop {
                bus.changed().await;
                let is_up = bus.state() == BusState::Up;
                journal.lock().unwrap().nodes[node].states.push((Instant::now(), is_up));
            }
        }));
        self.connect(node, None, 0..ROOMS).await;
    }

    async fn connect(&mut self, node: usize, user: Option<usize>, rooms: impl IntoIterator<Item = usize>) {
        let client = self.clients.len();
        let rooms = rooms.into_iter().map(|room| (room, Vec::new())).collect();
        {
            let mut journal = self.journal.lock().unwrap();
            // A ban that is late may reach who comes after it.
            let until = user.filter(|user| self.banned.contains(user)).map(|_| journal.said.len());
            journal.clients.push(Listener {
                node,
                user,
                rooms,
                since: None,
                until,
                sent_away_by: None,
                banned: None,
                heard: Vec::new(),
            });
        }
        let name = user.map_or(WITNESS.to_owned(), |user| user.to_string());
        let path = format!("/talk?client={client}&user={name}");
        self.clients.push(Some(self.cluster[node].connect::<Talk>(&path).without_waiting().await.unwrap()));
    }

    async fn enter(&mut self) {
        let Some(node) = self.alive() else { return };
        let user = self.random.usize(..USERS);
        let rooms: Vec<_> = (0..ROOMS).filter(|_| self.random.bool()).collect();
        self.connect(node, Some(user), rooms).await;
    }

    fn alive(&mut self) -> Option<usize> {
        let living = self.living();
        self.random.choice(living)
    }

    async fn step(&mut self) -> Result<(), Wrong> {
        match self.random.usize(..100) {
            0..55 => self.say(),
            55..59 => self.enter().await,
            59..61 => self.leave(),
            61..65 => self.go(),
            65..67 if self.kind.has_bans => self.ban(),
            67 if self.kind.lie.is_none() => self.stop().await?,
            68 if self.kind.lie.is_none() => self.join().await,
            69..81 if self.kind.has_faults => self.fault().await,
            _ => sleep(Duration::from_millis(self.random.u64(1..300))).await,
        }
        self.hear();
        for node in self.living() {
            let waiting = self.cluster[node].bus().stats().queue_bytes;
            if waiting > self.queue_bytes {
                return Err(Wrong(format!("{waiting} bytes wait in the queue of node {node}")));
            }
        }
        Ok(())
    }

    fn say(&mut self) {
        let to = ["all", "room", "others", "without", "rooms", "user", "notice"][self.random.usize(..7)].to_owned();
        // Another room, or a user.
        let (one, other) = (self.random.usize(..ROOMS), self.random.usize(..USERS));
        let times = [1, 1, 1, 5][self.random.usize(..4)];
        let journal = self.journal.lock().unwrap();
        let there = |client: &usize| {
            let listener = &journal.clients[*client];
            self.clients[*client].is_some() && listener.since.is_some() && listener.banned.is_none()
        };
        let there: Vec<_> = (0..self.clients.len()).filter(there).collect();
        let Some(client) = self.random.choice(there) else { return };
        drop(journal);
        let client = self.clients[client].as_mut().expect("it is there");
        for _ in 0..times {
            client.send(Say { to: to.clone(), one, other });
        }
    }

    /// One that is not a witness.
    fn any_client(&mut self) -> Option<usize> {
        let journal = self.journal.lock().unwrap();
        let is_usual = |client: &usize| self.clients[*client].is_some() && journal.clients[*client].user.is_some();
        let usual: Vec<_> = (0..self.clients.len()).filter(is_usual).collect();
        self.random.choice(usual)
    }

    fn go(&mut self) {
        let Some(client) = self.any_client() else { return };
        let room = self.random.usize(..ROOMS);
        self.clients[client].as_mut().expect("it is there").send(Go { room });
    }

    fn leave(&mut self) {
        let Some(client) = self.any_client() else { return };
        self.gone(client);
    }

    fn gone(&mut self, client: usize) {
        let mut journal = self.journal.lock().unwrap();
        let until = journal.said.len();
        let listener = &mut journal.clients[client];
        listener.until.get_or_insert(until);
        listener.sent_away_by = None;
        self.clients[client] = None;
    }

    fn all_gone(&mut self, node: usize) {
        let on_node = |listener: &Listener| listener.node == node;
        let clients = self.journal.lock().unwrap().clients.iter().map(on_node).collect::<Vec<_>>();
        for (client, _) in clients.into_iter().enumerate().filter(|(_, is_there)| *is_there) {
            self.gone(client);
        }
    }

    /// All connections of a user that are there now are gone when the answer is complete.
    fn ban(&mut self) {
        let Some(node) = self.alive() else { return };
        let user = self.random.usize(..USERS);
        let hub = self.hubs.lock().unwrap()[node].clone();
        self.banned.insert(user);
        let journal = self.journal.clone();
        let mut now = journal.lock().unwrap();
        now.questions += 1;
        let said = now.said.len();
        let mut there = Vec::new();
        for (client, listener) in now.clients.iter_mut().enumerate().filter(|(_, each)| each.user == Some(user)) {
            // Who is sent away from two nodes hears either first.
            listener.sent_away_by = listener.until.is_none().then_some(node);
            listener.until.get_or_insert(said);
            there.push(client);
        }
        drop(now);
        let has_faults = self.kind.has_faults;
        let ban = tokio::spawn(async move {
            let everywhere = hub.user(&user.to_string()).everywhere().disconnect(CloseCode::FORBIDDEN, "banned").await;
            assert!(has_faults || everywhere.is_complete(), "nothing is wrong, and a ban is {everywhere:?}");
            if everywhere.is_complete() {
                let mut journal = journal.lock().unwrap();
                let said = journal.said.len();
                // Those of a killed node are beyond reach.
                for client in there {
                    if !journal.nodes[journal.clients[client].node].has_ended() {
                        journal.clients[client].banned.get_or_insert(said);
                    }
                }
            }
        });
        self.bans.push((node, ban));
    }

    async fn fault(&mut self) {
        let bus = self.cluster.bus().clone();
        let Some(node) = self.alive() else { return };
        match self.random.usize(..12) {
            0 => bus.cut(node),
            1 => bus.cut_to_bus(node),
            2 => bus.cut_from_bus(node),
            3..6 => {
                for node in std::mem::take(&mut self.cut) {
                    bus.heal(node);
                }
                return;
            }
            6 => return bus.restart(),
            7 if self.is_stopped => {
                bus.start();
                self.is_stopped = false;
                return;
            }
            7 => {
                bus.stop();
                self.is_stopped = true;
                return;
            }
            8 => return sleep(Duration::from_secs(self.random.u64(1..8))).await,
            9 if self.random.usize(..4) == 0 => return self.kill(node),
            _ => return,
        }
        self.cut.insert(node);
    }

    /// As a process that is killed: nobody hears of it any more, and its clients are gone.
    fn kill(&mut self, node: usize) {
        if self.living().len() < 2 {
            return;
        }
        self.cluster.bus().cut(node);
        self.cut.remove(&node);
        self.journal.lock().unwrap().nodes[node].killed = Some(Instant::now());
        self.all_gone(node);
    }

    /// A node says goodbye. Only when it is heard by all: then nothing that it has said may be missing.
    async fn stop(&mut self) -> Result<(), Wrong> {
        let Some(node) = self.alive().filter(|_| self.living().len() > 2) else { return Ok(()) };
        self.heal().await;
        // The answers to its own questions would not reach it.
        for (_, ban) in self.bans.extract_if(.., |(asker, _)| *asker == node) {
            ban.await.unwrap();
        }
        // Its own end is not a time when its bus was away.
        self.watchers[node].abort();
        self.cluster[node].drain().await;
        self.journal.lock().unwrap().nodes[node].is_stopped = true;
        self.all_gone(node);
        // By then its goodbye has arrived.
        sleep(MOST_DELAY + Duration::from_millis(1)).await;
        let id = self.cluster[node].bus().node();
        let knows = |other: &usize| self.cluster[*other].bus().nodes().iter().any(|known| known.id == id);
        match self.living().into_iter().find(knows) {
            Some(other) => Err(Wrong(format!("node {other} has not heard that node {node} left"))),
            None => Ok(()),
        }
    }

    /// Only when all hear each other: who does not hear the first word of a node does not know what it missed before.
    async fn join(&mut self) {
        if self.cluster.len() >= MOST_NODES {
            return;
        }
        self.heal().await;
        let node = self.cluster.join().await;
        for other in 0..node {
            self.journal.lock().unwrap().nodes[other].knows.insert(node);
        }
        self.begin(node).await;
    }

    async fn heal(&mut self) {
        let bus = self.cluster.bus().clone();
        if std::mem::take(&mut self.is_stopped) {
            bus.start();
        }
        for node in std::mem::take(&mut self.cut) {
            bus.heal(node);
        }
        // So that all have noticed what has just happened to them.
        sleep(Duration::from_millis(1)).await;
        for node in self.living() {
            let mut bus = self.cluster[node].bus();
            while bus.state() != BusState::Up {
                bus.changed().await;
            }
        }
    }

    fn living(&self) -> Vec<usize> {
        let journal = self.journal.lock().unwrap();
        (0..journal.nodes.len()).filter(|node| !journal.nodes[*node].has_ended()).collect()
    }

    fn hear(&mut self) {
        let mut journal = self.journal.lock().unwrap();
        for (client, listener) in self.clients.iter_mut().zip(&mut journal.clients) {
            let texts = client.iter_mut().flat_map(Client::take_texts);
            listener.heard.extend(texts.map(|text| {
                let heard: Value = serde_json::from_str(&text).unwrap();
                usize::try_from(heard["n"].as_u64().unwrap()).unwrap()
            }));
        }
    }

    async fn end(mut self) -> Result<Vec<Vec<usize>>, Wrong> {
        self.heal().await;
        let any_killed = self.journal.lock().unwrap().nodes.iter().any(|node| node.killed.is_some());
        // All views agree 3 s after a heal. A node that was killed is there for the others until it has been silent for 5 s, which
        // begin anew when their bus is back; they look each second.
        sleep(Duration::from_secs(if any_killed { 7 } else { 3 })).await;
        for (_, ban) in std::mem::take(&mut self.bans) {
            ban.await.unwrap();
        }
        self.cluster.settle().await;
        self.hear();
        let living = self.living();
        {
            let mut journal = self.journal.lock().unwrap();
            for node in &living {
                let stats = self.cluster[*node].bus().stats();
                if stats.queue_bytes != 0 {
                    return Err(Wrong(format!("{} bytes are left in the queue of node {node}", stats.queue_bytes)));
                }
                journal.nodes[*node].lost = stats.lost;
            }
            journal.check()?;
        }
        self.check_views().await?;
        self.clients.clear();
        self.cluster.settle().await;
        for (node, hub) in self.hubs.lock().unwrap().iter().enumerate() {
            if census(hub) != Census::default() {
                return Err(Wrong(format!("something is left: {:?}", census(hub))));
            }
            // The lane of one that was killed has ended with what it had.
            if living.contains(&node) && lane_tables(hub) != Tables::default() {
                return Err(Wrong(format!("something is left in the lane of node {node}: {:?}", lane_tables(hub))));
            }
        }
        self.watchers.iter().for_each(JoinHandle::abort);
        let mut journal = self.journal.lock().unwrap();
        Ok(journal.clients.iter_mut().map(|listener| std::mem::take(&mut listener.heard)).collect())
    }

    /// Each node counts all clients, and knows all nodes.
    async fn check_views(&self) -> Result<(), Wrong> {
        let living = self.living();
        let hubs = self.hubs.lock().unwrap().clone();
        let truth: usize = living.iter().map(|node| hubs[*node].all().len()).sum();
        for node in &living {
            let known = self.cluster[*node].bus().nodes().len();
            if known + 1 != living.len() {
                return Err(Wrong(format!("node {node} knows {known} others of {} nodes", living.len())));
            }
            let counted = hubs[*node].all().everywhere().len().await;
            // A dead node is named for a minute, one that has said goodbye is not.
            let killed = |other: &usize| self.journal.lock().unwrap().nodes[*other].killed.is_some();
            let dead: Vec<_> = (0..hubs.len()).filter(killed).map(|other| self.cluster[other].bus().node()).collect();
            let is_complete = counted.bus_is_up && counted.missing.iter().all(|missing| dead.contains(missing));
            if counted.value != truth || !is_complete {
                return Err(Wrong(format!("node {node} counts {counted:?}, and there are {truth}")));
            }
        }
        Ok(())
    }
}
