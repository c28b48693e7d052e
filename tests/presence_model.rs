//! Random lives of rooms with presence: connections of a few users that come, are seen otherwise, and end in every state; in rooms with
//! nothing else and in rooms with history, hooks, a state and a snapshot. And clients that take what they are sent now and then. In memory,
//! on a paused clock.
//!
//! `SEEDS=10000` runs so many, and `SEED=7` one.

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Channel, CloseCode, Config, ConnectionId, Extract, Fault, Handshake, HasPresence, HasUsers, Hub, Reject, Room,
    Server, Socket, channel, channels, message,
};
use fastrand::Rng;
use futures::FutureExt;
use serde::Serialize;
use serde_json::Value;
use support::{Raw, memory, upgrade};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

const STEPS: usize = 120;
const USERS: usize = 4;
const MOST: usize = 12;
const GRACE: Duration = Duration::from_secs(2);
/// What `on_connect` takes at the most.
const BUSY: Duration = Duration::from_secs(3);
/// The longest that a change waits to be told: while the number alone is told.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// For how long a room without members is kept.
const KEPT: Duration = Duration::from_secs(6);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, channel_runtime::describe::Describe)]
pub struct Seen {
    cursor: u64,
}

#[message(type = "move_to")]
pub struct MoveTo {
    cursor: u64,
}

/// How a connection is to fare, by its query.
pub struct Fate {
    name: Option<String>,
    what: String,
}

impl<A: Sync> Extract<A> for Fate {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let what = handshake.query_param("fate").unwrap_or_default();
        Ok(Self { name: handshake.query_param("name"), what })
    }
}

#[channel("/room", presence(Seen, grace = "2s", every = "100ms", diffs_up_to = 8))]
pub struct Chat {
    #[extract]
    fate: Fate,
    #[state]
    cursor: u64,
}

#[channel]
impl Chat {
    fn identity(&self) -> Option<&String> {
        self.fate.name.as_ref()
    }

    fn presence(&self) -> Seen {
        assert_ne!(self.fate.what, "hook", "the hook panics");
        assert_ne!(self.cursor, 13, "the hook panics");
        Seen { cursor: self.cursor }
    }

    async fn on_connect(&mut self) {
        assert_ne!(self.fate.what, "panics", "on_connect panics");
        if self.fate.what == "waits" {
            sleep(BUSY).await;
        }
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

#[message(type = "opened")]
pub struct Opened {
    times: u64,
}

/// The same in rooms that have all that a room may have.
#[channel(
    "/kept", presence(Seen, grace = "2s", every = "100ms", diffs_up_to = 8), history(size = 20, age = "4s"),
    room_state = u64, room_grace = "1s"
)]
pub struct Kept {
    #[extract]
    fate: Fate,
    #[state]
    cursor: u64,
}

#[channel(sends(Opened))]
impl Kept {
    fn identity(&self) -> Option<&String> {
        self.fate.name.as_ref()
    }

    fn presence(&self) -> Seen {
        assert_ne!(self.fate.what, "hook", "the hook panics");
        assert_ne!(self.cursor, 13, "the hook panics");
        Seen { cursor: self.cursor }
    }

    fn on_room_open(_: &Room<Self>) -> Result<u64, Fault> {
        Ok(1)
    }

    fn snapshot(&self, times: &u64) -> Opened {
        Opened { times: *times }
    }

    async fn on_connect(&mut self, socket: &Socket<Self>) {
        assert_ne!(self.fate.what, "panics", "on_connect panics");
        if self.fate.what == "waits" {
            sleep(BUSY).await;
        }
        socket.room().send(Opened { times: 0 });
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

/// A channel of the model.
trait Modelled: HasPresence<Seen = Seen> + HasUsers<Name = str> + Channel<FromClient: From<MoveTo>> {}

impl<C: HasPresence<Seen = Seen> + HasUsers<Name = str> + Channel<FromClient: From<MoveTo>>> Modelled for C {}

struct Person<C: Channel> {
    client: Client<C>,
    id: ConnectionId,
    user: String,
    cursor: u64,
    /// Since when it is here.
    since: Instant,
}

struct World<C: Channel> {
    seed: u64,
    dice: Rng,
    app: TestApp<()>,
    hub: Hub<C>,
    room: Room<C>,
    here: Vec<Person<C>>,
    /// Of users: until when one may be present whose connection was lost.
    lost: Vec<(Instant, String)>,
    /// And until when one is.
    lingers: Vec<(Instant, String)>,
    ends: HashMap<&'static str, usize>,
}

impl<C: Modelled> World<C> {
    async fn step(&mut self) {
        match self.dice.usize(..12) {
            0..5 if self.here.len() < MOST => self.comes().await,
            0..8 if !self.here.is_empty() => self.goes().await,
            8 if !self.here.is_empty() => self.moves().await,
            9 => sleep(Duration::from_millis(self.dice.u64(..150))).await,
            10 => sleep(Duration::from_millis(self.dice.u64(..3000))).await,
            _ => self.rests().await,
        }
        self.app.settle().await;
        self.check();
    }

    async fn comes(&mut self) {
        let user = self.dice.usize(..USERS + 1);
        let fate = ["", "", "", "", "panics", "hook", "waits"][self.dice.usize(..7)];
        let name = if user < USERS { format!("&name={user}") } else { String::new() };
        let path = format!("{}?fate={fate}{name}", self.room.path().expect("it is that of a path"));
        // It may take the place of one that was lost, and go in another way.
        self.lingers.retain(|(_, lost)| *lost != user.to_string());
        let begun = Instant::now();
        let mut client = self.app.connect::<C>(&path).await.expect("it is let in");
        if self.dice.usize(..8) == 0 {
            // Perhaps before its session has run at all.
            client.lose();
            self.ended("at once", user).await;
        } else if fate == "hook" {
            client.expect_close().await;
            *self.ends.entry(fate).or_default() += 1;
        } else if fate == "panics" {
            self.app.settle().await;
            client.take_texts();
            client.expect_close().await;
            self.ended("on_connect", user).await;
        } else {
            let id = client.joined().await.id;
            let user = if user < USERS { user.to_string() } else { id.to_string() };
            self.here.push(Person { client, id, user, cursor: 0, since: begun });
        }
    }

    async fn ended(&mut self, how: &'static str, user: usize) {
        *self.ends.entry(how).or_default() += 1;
        self.app.settle().await;
        self.lost.push((Instant::now() + GRACE, user.to_string()));
    }

    async fn goes(&mut self) {
        let at = self.dice.usize(..self.here.len());
        let Person { mut client, id, user, since, .. } = self.here.swap_remove(at);
        let begun = Instant::now();
        let (how, is_lost) = match self.dice.usize(..8) {
            0 => {
                client.lose();
                ("lost", true)
            }
            1 => {
                client.close();
                ("closed", false)
            }
            2 => {
                client.close_with(CloseCode::GOING_AWAY, "");
                ("reloaded", true)
            }
            3 => {
                self.hub.connection(id).disconnect(CloseCode::FORBIDDEN, "");
                ("sent away", false)
            }
            4 => {
                self.hub.connection(id).disconnect(CloseCode::RESTART, "");
                client.lose();
                ("closing", true)
            }
            5 => {
                client.send(MoveTo { cursor: 13 });
                ("the hook panics later", true)
            }
            6 => {
                // As one that changes its network, it says where it was.
                if self.here.is_empty() {
                    // Its room is without members meanwhile.
                    self.lingers.clear();
                }
                let mut client = client.come_back().await;
                let id = client.joined().await.id;
                let is_nobody = user.contains('-');
                if is_nobody {
                    self.lost.push((Instant::now(), user.clone()));
                }
                self.lingers.retain(|(_, lost)| *lost != user);
                let user = if is_nobody { id.to_string() } else { user };
                self.here.push(Person { client, id, user, cursor: 0, since: begun });
                *self.ends.entry("came back").or_default() += 1;
                return;
            }
            _ if !user.contains('-') => {
                match self.dice.bool() {
                    true => self.hub.user(&user).disconnect(CloseCode::FORBIDDEN, ""),
                    false => self.hub.room(&self.room).only_user(&user).disconnect(CloseCode::FORBIDDEN, ""),
                };
                for list in [&mut self.lost, &mut self.lingers] {
                    list.retain(|(_, lost)| *lost != user);
                }
                self.here.retain(|person| person.user != user);
                ("its user sent away", false)
            }
            _ => {
                drop(client);
                ("dropped", true)
            }
        };
        *self.ends.entry(how).or_default() += 1;
        self.app.settle().await;
        let grace = if is_lost { GRACE } else { Duration::ZERO };
        // Of one who was not told yet nothing stays, nor of who is nobody.
        if is_lost && begun - since > 2 * TOLD_WITHIN && !user.contains('-') {
            self.lingers.push((begun + GRACE, user.clone()));
        }
        self.lost.push((Instant::now() + grace, user));
    }

    async fn moves(&mut self) {
        let at = self.dice.usize(..self.here.len());
        let cursor = self.dice.u64(..5);
        let person = &mut self.here[at];
        person.cursor = cursor;
        person.client.send(MoveTo { cursor });
    }

    /// Each who is here is present with what is seen of it, and who else is was lost not long ago; and who was is present.
    fn check(&mut self) {
        if self.here.is_empty() {
            self.lingers.clear();
        }
        let present = self.hub.room(&self.room).present();
        for Person { id, user, .. } in &self.here {
            assert!(present.of(user).iter().any(|(other, _)| other == id), "seed {}: {user} is not present", self.seed);
        }
        let now = Instant::now();
        for (_, user) in self.lingers.iter().filter(|(until, _)| now < *until) {
            assert!(present.is_present(user), "seed {}: {user} may come back, and is not present", self.seed);
        }
        for user in present.users() {
            let may_be = self.here.iter().any(|person| person.user == user)
                || self.lost.iter().any(|(until, lost)| lost == user && now < *until);
            assert!(may_be, "seed {}: {user} is present", self.seed);
        }
    }

    /// All changes have been told: all know the same, and it is so.
    async fn rests(&mut self) {
        sleep(BUSY + GRACE + 2 * TOLD_WITHIN).await;
        let present = self.hub.room(&self.room).present();
        let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for person in &self.here {
            expected.entry(person.user.clone()).or_default().push(person.cursor);
        }
        expected.values_mut().for_each(|cursors| cursors.sort_unstable());
        let sorted = |cursors: Vec<u64>| {
            let mut cursors = cursors;
            cursors.sort_unstable();
            cursors
        };
        let now = present
            .iter()
            .map(|(user, seen)| (user.to_owned(), sorted(seen.iter().map(|(_, seen)| seen.cursor).collect())));
        assert_eq!(now.collect::<BTreeMap<_, _>>(), expected, "seed {}", self.seed);
        for Person { client, .. } in &mut self.here {
            let view = client.present().await;
            assert_eq!(view.count, expected.len(), "seed {}", self.seed);
            let Some(users) = view.users else { continue };
            let cursors = |seen: BTreeMap<_, serde_json::Value>| {
                sorted(seen.into_values().map(|seen| seen["cursor"].as_u64().unwrap()).collect())
            };
            let told = users.into_iter().map(|(user, seen)| (user, cursors(seen)));
            // One that is nobody's keeps its name, and who has come back keeps the name of its user.
            assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "seed {}", self.seed);
        }
    }

    /// All end in whatever state they are.
    async fn ends(&mut self) {
        while !self.here.is_empty() {
            self.goes().await;
        }
        sleep(BUSY + GRACE + TOLD_WITHIN).await;
        assert!(self.hub.room(&self.room).present().is_empty(), "seed {}", self.seed);
        sleep(KEPT).await;
        assert_eq!(channel_runtime::private::census(&self.hub), Default::default(), "seed {}", self.seed);
    }
}

async fn live<C: Modelled>(seed: u64, server: Server<()>, hub: Hub<C>, room: Room<C>) -> HashMap<&'static str, usize> {
    let app = testing::app(server.config(Config::default().ping_interval(None)));
    let (dice, here, lost, lingers) = (Rng::with_seed(seed), Vec::new(), Vec::new(), Vec::new());
    let mut world = World { seed, dice, app, hub, room, here, lost, lingers, ends: HashMap::new() };
    for _ in 0..STEPS {
        world.step().await;
    }
    world.ends().await;
    world.ends
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn seeds() -> std::ops::Range<u64> {
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(100),
    }
}

fn on_a_paused_clock<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime").block_on(future)
}

#[test]
fn whatever_happens_all_know_who_is_present_and_nobody_is_left() {
    let mut ends = HashMap::<_, usize>::new();
    for seed in seeds() {
        let channels = channels![Chat, Kept];
        let (chat, kept) = (channels.of::<Chat>(), channels.of::<Kept>());
        let server = channels.app(());
        let lived = on_a_paused_clock(async {
            match seed % 2 {
                0 => live(seed, server, chat, Chat::room()).await,
                _ => live(seed, server, kept, Kept::room()).await,
            }
        });
        for (how, times) in lived {
            *ends.entry(how).or_default() += times;
        }
    }
    println!("{} seeds: {ends:?}", seeds().count());
    assert!(seeds().count() < 20 || ends.len() == 12, "not every end was seen: {ends:?}");
}

/// Who is present, as a client knows it that reads what it is sent.
#[derive(Default)]
struct View {
    frames: usize,
    /// By user, the ids and what is seen of each. `None` while the number alone is told.
    users: Option<BTreeMap<String, BTreeMap<String, Value>>>,
}

impl View {
    fn told(&mut self, told: &Value) {
        self.frames += 1;
        let entries = |users: &Value| {
            let of_user = |(user, seen): (&String, &Value)| {
                let seen = seen.as_array().unwrap().iter().map(|seen| (seen["id"].to_string(), seen["cursor"].clone()));
                (user.clone(), seen.collect())
            };
            users.as_object().into_iter().flatten().map(of_user).collect::<BTreeMap<_, BTreeMap<_, _>>>()
        };
        if told["here"].is_object() {
            self.users = Some(entries(&told["here"]));
        } else if told["in"].is_null() && told["out"].is_null() {
            self.users = None;
        } else {
            let users = self.users.as_mut().expect("changes follow a list");
            for (user, seen) in entries(&told["in"]) {
                users.entry(user).or_default().extend(seen);
            }
            for (user, gone) in told["out"].as_object().into_iter().flatten() {
                let seen = users.get_mut(user).expect("who goes was there");
                for id in gone.as_array().unwrap() {
                    assert!(seen.remove(&id.to_string()).is_some(), "{told}");
                }
            }
            users.retain(|_, seen| !seen.is_empty());
        }
        assert!(self.users.as_ref().is_none_or(|users| told["count"] == users.len()), "{told}: {:?}", self.users);
    }
}

/// A client whose stream holds few bytes, and which reads when the dice say so.
struct Slow {
    raw: Raw,
    view: View,
}

impl Slow {
    async fn enter(served: &memory::Served, name: &str, holds: usize) -> Self {
        let mut raw = Raw::in_memory(served.connect(holds).0);
        let offers = "\r\nSec-WebSocket-Protocol: channels.1.json, channels.hello\r\n";
        let request = upgrade(&format!("/room?name={name}")).replacen("\r\n", offers, 1);
        assert_eq!(raw.request(&request).await.status, 101);
        Self { raw, view: View::default() }
    }

    /// What is there, and no more.
    fn read(&mut self) {
        while let Some(frame) = self.raw.frame().now_or_never() {
            self.heard(&frame.expect("its connection is open").payload);
        }
    }

    fn heard(&mut self, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).expect("JSON");
        if frame["type"] == "$presence" {
            self.view.told(&frame);
        }
    }
}

async fn stall(seed: u64) -> usize {
    let channels = channels![Chat, Kept];
    let hub = channels.of::<Chat>();
    // Nobody is cut who takes nothing for as long as this.
    let config = Config::default().ping_interval(None).pong_timeout(Duration::from_secs(3600));
    let served = memory::serve(channels.app(()).config(config));
    let mut dice = Rng::with_seed(seed);
    let mut slow = Vec::new();
    for (n, holds) in [1, 64, 4096].into_iter().enumerate() {
        slow.push(Slow::enter(&served, &format!("slow {n}").replace(' ', "_"), holds).await);
    }
    let mut others = Vec::new();
    for _ in 0..STEPS {
        match dice.usize(..8) {
            0..3 if others.len() < 8 => {
                others.push(Slow::enter(&served, &dice.usize(..USERS).to_string(), 1 << 20).await);
            }
            3 if !others.is_empty() => drop(others.swap_remove(dice.usize(..others.len()))),
            4 if !others.is_empty() => {
                let at = dice.usize(..others.len());
                let text = format!(r#"{{"type":"move_to","cursor":{}}}"#, dice.u64(..5));
                others[at].raw.write(support::text(&text)).await;
            }
            5 => {
                let at = dice.usize(..slow.len());
                slow[at].read();
            }
            _ => sleep(Duration::from_millis(dice.u64(..700))).await,
        }
    }
    sleep(GRACE + 2 * TOLD_WITHIN).await;
    let mut frames = 0;
    for client in slow.iter_mut().chain(&mut others) {
        while let Ok(frame) = timeout(TOLD_WITHIN, client.raw.frame()).await {
            client.heard(&frame.expect("its connection is open").payload);
        }
        frames += client.view.frames;
    }
    let room = hub.room(&Chat::room());
    let expected: BTreeSet<String> = room.present().users().map(str::to_owned).collect();
    for Slow { view, .. } in slow.iter().chain(&others) {
        let Some(users) = &view.users else {
            assert!(room.len() > 6, "seed {seed}: there are few, and one knows their number alone");
            continue;
        };
        assert_eq!(users.keys().cloned().collect::<BTreeSet<_>>(), expected, "seed {seed}");
        for (user, seen) in users {
            let cursors = |mut cursors: Vec<u64>| {
                cursors.sort_unstable();
                cursors
            };
            let known = cursors(seen.values().map(|cursor| cursor.as_u64().unwrap()).collect());
            let now = cursors(room.present().of(user).iter().map(|(_, seen)| seen.cursor).collect());
            assert_eq!(known, now, "seed {seed}: {user}");
        }
    }
    frames
}

#[test]
fn who_takes_what_it_is_sent_now_and_then_knows_who_is_present_when_it_has_taken_all() {
    let frames: usize = seeds().map(|seed| on_a_paused_clock(stall(seed))).sum();
    println!("{} seeds: {frames} frames were told", seeds().count());
}
