//! Random lives of rooms with history against what it promises (`docs/history.md`): clients that are cut wherever in what they are
//! sent, or while `on_connect` runs, rooms with hooks and without that are kept, let go, closed and opened again, and pages. In memory, on a paused clock.
//!
//! `SEEDS=10000` runs so many, and `SEED=7` one.

use std::collections::{HashMap, HashSet};
use std::env;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Channel, Config, Extract, Fault, Fresh, Handshake, Hub, Reject, Room, SentBy, Server, Socket, channel, channels,
    message,
};
use fastrand::Rng;
use serde::Deserialize;
use tokio::runtime::Builder;

const STEPS: usize = 120;
const ROOMS: usize = 2;
const CLIENTS: usize = 5;
/// As `recent` of the channel without hooks.
const RECENT: usize = 3;
/// Among the reasons to begin anew.
const AS_IT_ARRIVED: &str = "cut as it arrived";
/// How long `on_connect` takes in the channel with hooks.
const ARRIVAL: Duration = Duration::from_millis(1);

#[message(type = "say")]
pub struct Say {
    line: u64,
    whom: Whom,
}

#[derive(Clone, Copy, serde::Deserialize, serde::Serialize, channel_runtime::describe::Describe)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    All,
    Others,
    NotMe,
    NotMyUser,
}

#[message(type = "line")]
pub struct Line {
    line: u64,
}

/// All lines of a room.
#[message(type = "lines")]
pub struct Lines {
    lines: Vec<u64>,
}

/// What outlives the rooms.
#[derive(Default)]
pub struct Store {
    lines: Mutex<HashMap<String, Vec<u64>>>,
    opened: Mutex<HashMap<String, usize>>,
    banned: Mutex<HashSet<String>>,
}

pub struct Name(String);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        handshake.query_param("name").map(Self).ok_or(Reject::absent("who is it?"))
    }
}

fn let_in(name: &Name, store: &Store) -> Result<(), Reject> {
    if store.banned.lock().unwrap().contains(&name.0) { Err(Reject::forbidden("banned")) } else { Ok(()) }
}

#[channel("/plain/:room", app = Store, history(size = 12, age = "10s", recent = 3))]
pub struct Plain {
    room: String,
    #[extract]
    name: Name,
}

#[channel(sends(Line))]
impl Plain {
    fn identity(&self) -> &String {
        &self.name.0
    }

    fn authorize(&self, store: &Store) -> Result<(), Reject> {
        let_in(&self.name, store)
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        let line = Line { line: say.line };
        match say.whom {
            Whom::All => socket.room().send(line),
            Whom::Others => socket.others().send(line),
            Whom::NotMe => socket.room().except(socket.id()).send_with(|_| line),
            Whom::NotMyUser => socket.room().except_user(&self.name.0).send(line),
        };
    }
}

#[channel("/hooked/:room", app = Store, room_state = Vec<u64>, history(size = 12, age = "10s"))]
pub struct Hooked {
    room: String,
    #[extract]
    name: Name,
}

#[channel(sends(Lines, Line))]
impl Hooked {
    fn identity(&self) -> &String {
        &self.name.0
    }

    fn authorize(&self, store: &Store) -> Result<(), Reject> {
        let_in(&self.name, store)
    }

    async fn on_connect(&mut self) {
        tokio::time::sleep(ARRIVAL).await;
    }

    async fn on_room_open(room: &Room<Self>, store: &Store) -> Result<Vec<u64>, Fault> {
        tokio::task::yield_now().await;
        *store.opened.lock().unwrap().entry(room.name().to_owned()).or_default() += 1;
        Ok(store.lines.lock().unwrap().get(room.name()).cloned().unwrap_or_default())
    }

    async fn on_room_close(room: &Room<Self>, lines: Vec<u64>, store: &Store) {
        tokio::task::yield_now().await;
        store.lines.lock().unwrap().insert(room.name().to_owned(), lines);
    }

    fn snapshot(&self, lines: &Vec<u64>) -> Lines {
        Lines { lines: lines.clone() }
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        let line = Line { line: say.line };
        let audience = match say.whom {
            Whom::All => socket.room(),
            Whom::Others => socket.others(),
            Whom::NotMe => socket.room().except(socket.id()),
            Whom::NotMyUser => socket.room().except_user(&self.name.0),
        };
        audience.with(|lines, room| {
            lines.push(line.line);
            room.send(line);
        });
    }
}

/// What the model needs to know of a channel.
trait Kind: Channel<FromClient: From<Say>> {
    const BASE: &'static str;
    /// A fresh client is told the state of the room, and then `on_connect` takes its time.
    const TELLS_STATE: bool;

    fn room(name: &str) -> Room<Self>;

    /// By a hub. False if the room is not open.
    fn send(hub: &Hub<Self>, room: &Room<Self>, line: u64) -> bool;

    /// The state of the room, if it is open.
    fn state(hub: &Hub<Self>, room: &Room<Self>) -> Option<Vec<u64>>;
}

impl Kind for Plain {
    const BASE: &'static str = "/plain";
    const TELLS_STATE: bool = false;

    fn room(name: &str) -> Room<Self> {
        Self::room(name)
    }

    fn send(hub: &Hub<Self>, room: &Room<Self>, line: u64) -> bool {
        hub.room(room).send(Line { line });
        true
    }

    fn state(_: &Hub<Self>, _: &Room<Self>) -> Option<Vec<u64>> {
        None
    }
}

impl Kind for Hooked {
    const BASE: &'static str = "/hooked";
    const TELLS_STATE: bool = true;

    fn room(name: &str) -> Room<Self> {
        Self::room(name)
    }

    fn send(hub: &Hub<Self>, room: &Room<Self>, line: u64) -> bool {
        let sent = hub.with_room(room, |lines, room| {
            lines.push(line);
            room.send(Line { line });
        });
        sent.is_some()
    }

    fn state(hub: &Hub<Self>, room: &Room<Self>) -> Option<Vec<u64>> {
        hub.with_room(room, |lines, _| lines.clone())
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Heard {
    Lines {
        #[serde(rename = "$seq")]
        number: u64,
        lines: Vec<u64>,
    },
    Line {
        #[serde(rename = "$seq")]
        number: u64,
        line: u64,
    },
}

/// A room as it has to be.
#[derive(Default)]
struct Model {
    lines: Vec<u64>,
    /// Which user a line was not for.
    not_for: HashMap<u64, String>,
    connected: usize,
    /// How often it had no members.
    emptied: usize,
}

/// A client, connected or not.
struct Person<C: Channel> {
    room: usize,
    user: String,
    client: Option<Client<C>>,
    is_here: bool,
    /// It was cut while `on_connect` ran, and has not had all that a fresh client is told.
    has_not_arrived: bool,
    /// Since it began anew: what it was told first, and what it has heard then.
    told: Option<Vec<u64>>,
    had: Vec<u64>,
    /// What of the past it may have been sent as it began anew.
    past: Vec<u64>,
    /// What it has to hear.
    due: Vec<u64>,
    /// The number of what it took last.
    number: u64,
    /// How many lines the room had when it last had everything, and how often the room had been empty then, and opened.
    complete_at: Option<(usize, usize)>,
    opened: usize,
}

struct World<C: Kind> {
    seed: u64,
    dice: Rng,
    app: TestApp<Store>,
    hub: Hub<C>,
    store: Arc<Store>,
    rooms: Vec<Model>,
    people: Vec<Person<C>>,
    next_line: u64,
    resumed: usize,
    anew: HashMap<&'static str, usize>,
}

fn name(room: usize) -> String {
    format!("r{room}")
}

impl<C: Kind> Person<C> {
    fn new(room: usize, user: String) -> Self {
        Self {
            room,
            user,
            client: None,
            is_here: false,
            has_not_arrived: false,
            told: None,
            had: Vec::new(),
            past: Vec::new(),
            due: Vec::new(),
            number: 0,
            complete_at: None,
            opened: 0,
        }
    }

    /// Takes so many messages at most, of those that have come.
    async fn take(&mut self, most: usize, seed: u64) {
        let Some(client) = self.client.as_mut().filter(|_| self.is_here) else { return };
        for _ in 0..most {
            let Some(text) = client.try_next_text().await else { return };
            let heard = serde_json::from_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
            let number = match heard {
                Heard::Lines { number, lines } => {
                    assert!(self.told.is_none() && self.had.is_empty(), "seed {seed}: told twice");
                    self.told = Some(lines);
                    number
                }
                Heard::Line { number, line } => {
                    assert!(self.told.is_some() || !C::TELLS_STATE, "seed {seed}: {line} before the state");
                    self.had.push(line);
                    number
                }
            };
            assert!(number > self.number, "seed {seed}: {number} behind {}", self.number);
            self.number = number;
        }
    }

    /// Everything that was for it, once and in order.
    fn check(&self, seed: u64) {
        let user = &self.user;
        if C::TELLS_STATE {
            assert_eq!(self.told.as_ref(), Some(&self.past), "seed {seed}, {user}: the state");
            assert_eq!(self.had, self.due, "seed {seed}, {user}");
            return;
        }
        let recent = self.had.len().checked_sub(self.due.len());
        let recent = recent.filter(|recent| *recent <= RECENT && self.past.ends_with(&self.had[..*recent]));
        assert!(
            recent.is_some_and(|recent| self.had[recent..] == self.due),
            "seed {seed}, {user}: had {:?}, due {:?} behind {:?}",
            self.had,
            self.due,
            self.past
        );
    }
}

impl<C: Kind> World<C>
where
    Line: SentBy<C>,
{
    fn new(seed: u64, server: Server<Store>, store: Arc<Store>, hub: Hub<C>, dice: Rng) -> Self {
        let app = testing::app(server);
        let people = (0..CLIENTS * ROOMS).map(|at| Person::new(at % ROOMS, format!("u{}", at / ROOMS / 2)));
        Self {
            seed,
            dice,
            app,
            hub,
            store,
            rooms: (0..ROOMS).map(|_| Model::default()).collect(),
            people: people.collect(),
            next_line: 1,
            resumed: 0,
            anew: HashMap::new(),
        }
    }

    fn room(room: usize) -> Room<C> {
        <C as Kind>::room(&name(room))
    }

    async fn step(&mut self) {
        let who = self.dice.usize(..self.people.len());
        match self.dice.u32(..100) {
            0..22 => self.says(who).await,
            22..34 => self.hub_sends(),
            34..52 => {
                let most = self.dice.usize(..8);
                self.people[who].take(most, self.seed).await;
            }
            52..64 => self.cut(who).await,
            64..66 => self.is_cut_as_it_arrives(who).await,
            66..86 => self.comes(who).await,
            86..91 => self.page(who).await,
            91..94 => self.is_refused(who).await,
            94..96 => self.too_much().await,
            _ => tokio::time::sleep(Duration::from_millis(self.dice.u64(..4_000))).await,
        }
    }

    /// A line is sent to a room: who is not meant does not hear it, ever.
    fn sent(&mut self, room: usize, line: u64, is_meant: impl Fn(usize, &Person<C>) -> bool) {
        self.rooms[room].lines.push(line);
        for (at, person) in self.people.iter_mut().enumerate().filter(|(_, person)| person.room == room) {
            if is_meant(at, person) {
                person.due.push(line);
            }
        }
    }

    async fn says(&mut self, who: usize) {
        let person = &mut self.people[who];
        if !person.is_here {
            return;
        }
        let (room, user, line) = (person.room, person.user.clone(), self.next_line);
        self.next_line += 1;
        let whom = [Whom::All, Whom::Others, Whom::NotMe, Whom::NotMyUser][self.dice.usize(..4)];
        person.client.as_mut().expect("it is here").send(Say { line, whom });
        self.app.settle().await;
        if let Whom::NotMyUser = whom {
            self.rooms[room].not_for.insert(line, user.clone());
        }
        self.sent(room, line, |at, person| match whom {
            Whom::All => true,
            Whom::Others | Whom::NotMe => at != who,
            Whom::NotMyUser => person.user != user,
        });
    }

    fn hub_sends(&mut self) {
        let (room, line) = (self.dice.usize(..ROOMS), self.next_line);
        self.next_line += 1;
        if C::send(&self.hub, &Self::room(room), line) {
            self.sent(room, line, |_, _| true);
        }
    }

    /// Whatever it was sent and has not taken is lost.
    async fn cut(&mut self, who: usize) {
        let person = &mut self.people[who];
        if !std::mem::take(&mut person.is_here) {
            return;
        }
        let model = &mut self.rooms[person.room];
        let has_everything = person.had.ends_with(&person.due) && (person.told.is_some() || !C::TELLS_STATE);
        person.complete_at = has_everything.then_some((model.lines.len(), model.emptied));
        // A line that was not for it is missed by nobody, and yet it is behind its number.
        if person.due.last() != model.lines.last() {
            person.complete_at = None;
        }
        person.client.as_mut().expect("it was here").lose();
        self.app.settle().await;
        model.connected -= 1;
        model.emptied += usize::from(model.connected == 0);
    }

    async fn comes(&mut self, who: usize) {
        if self.people[who].is_here {
            return;
        }
        let mut client = match self.people[who].client.take() {
            Some(client) => client.come_back().await,
            None => {
                let path = format!("{}/{}?name={}", C::BASE, name(self.people[who].room), self.people[who].user);
                self.app.connect::<C>(&path).knowing().await.expect("it is let in")
            }
        };
        let joined = client.joined().await;
        self.came(who, client, joined.resumed().is_some(), joined.fresh());
    }

    /// Before `on_connect` has returned, and perhaps once more before the server knows of it.
    async fn is_cut_as_it_arrives(&mut self, who: usize) {
        for _ in 0..=self.dice.usize(..2) {
            let person = &mut self.people[who];
            if std::mem::take(&mut person.is_here) {
                let model = &mut self.rooms[person.room];
                model.connected -= 1;
                model.emptied += usize::from(model.connected == 0);
                person.complete_at = None;
            }
            let path = format!("{}/{}?name={}", C::BASE, name(person.room), person.user);
            let connect = self.app.connect::<C>(&path).knowing();
            let connect = match person.client.take() {
                Some(before) => connect.resuming(before),
                None => connect,
            };
            let mut client = connect.without_waiting().await.expect("it is let in");
            let joined = client.joined().await;
            self.came(who, client, joined.resumed().is_some(), joined.fresh());
            if C::TELLS_STATE && joined.fresh().is_some() {
                self.people[who].has_not_arrived = true;
                self.people[who].take(1, self.seed).await;
            }
        }
        self.cut(who).await;
    }

    fn came(&mut self, who: usize, client: Client<C>, is_resumed: bool, fresh: Option<Fresh>) {
        let (seed, person) = (self.seed, &mut self.people[who]);
        let model = &mut self.rooms[person.room];
        model.connected += 1;
        (person.client, person.is_here) = (Some(client), true);
        let opened = self.store.opened.lock().unwrap().get(Self::room(person.room).name()).copied().unwrap_or_default();
        let has_missed_nothing = person.complete_at.is_some_and(|(lines, _)| lines == model.lines.len());
        let was_never_empty = person.complete_at.is_some_and(|(_, emptied)| emptied == model.emptied);
        let has_not_arrived = std::mem::take(&mut person.has_not_arrived);
        if is_resumed {
            self.resumed += 1;
            assert!(!has_not_arrived, "seed {seed}, {}: it has not had all that it is told at first", person.user);
            assert_eq!(person.opened, opened, "seed {seed}: the room is another one");
            assert!(person.told.is_some() || !C::TELLS_STATE, "seed {seed}: it has not had the state");
            return;
        }
        assert!(has_not_arrived || !(has_missed_nothing && was_never_empty), "seed {seed}, {}: {fresh:?}", person.user);
        let reason = match fresh {
            Some(Fresh::First) => "first",
            Some(Fresh::Expired) => "expired",
            Some(Fresh::Replaced) => "replaced",
            other => panic!("seed {seed}: {other:?}"),
        };
        *self.anew.entry(reason).or_default() += 1;
        *self.anew.entry(AS_IT_ARRIVED).or_default() += usize::from(has_not_arrived);
        (person.told, person.opened, person.number) = (None, opened, 0);
        person.had.clear();
        person.due.clear();
        person.past.clone_from(&model.lines);
        if !C::TELLS_STATE {
            person.past.retain(|line| model.not_for.get(line) != Some(&person.user));
        }
    }

    /// A page is made, something is sent, and then its client connects.
    async fn page(&mut self, who: usize) {
        self.cut(who).await;
        let (room, user) = (self.people[who].room, self.people[who].user.clone());
        let position = self.hub.room(&Self::room(room)).position().await.expect("it has history").to_string();
        let opened = self.store.opened.lock().unwrap().get(Self::room(room).name()).copied().unwrap_or_default();
        let person = &mut self.people[who];
        // The page is made of all that there was.
        person.told = Some(self.rooms[room].lines.clone());
        person.past.clone_from(&self.rooms[room].lines);
        person.had.clear();
        person.due.clear();
        (person.opened, person.number, person.complete_at, person.client) = (opened, 0, None, None);
        person.has_not_arrived = false;
        for _ in 0..self.dice.usize(..3) {
            self.hub_sends();
        }
        if self.dice.bool() {
            tokio::time::sleep(Duration::from_millis(self.dice.u64(..12_000))).await;
        }
        let path = format!("{}/{}?name={user}", C::BASE, name(room));
        let connect = self.app.connect::<C>(&path).knowing().query("$resume", &position);
        let mut client = connect.await.expect("it is let in");
        let joined = client.joined().await;
        self.came(who, client, joined.resumed().is_some(), joined.fresh());
    }

    /// Whatever it has had: rights are those of now.
    async fn is_refused(&mut self, who: usize) {
        let (room, user) = (self.people[who].room, self.people[who].user.clone());
        let position = self.hub.room(&Self::room(room)).position().await.expect("it has history").to_string();
        self.store.banned.lock().unwrap().insert(user.clone());
        let path = format!("{}/{}?name={user}", C::BASE, name(room));
        let refused = self.app.connect::<C>(&path).knowing().query("$resume", &position).await;
        assert!(refused.is_err(), "seed {}: {user} is banned", self.seed);
        self.store.banned.lock().unwrap().clear();
    }

    /// Other rooms take what there is for all.
    async fn too_much(&mut self) {
        for room in 10..10 + self.dice.usize(..12) {
            let room = <C as Kind>::room(&name(room));
            self.hub.room(&room).position().await.expect("it has history");
            for _ in 0..self.dice.usize(..12) {
                let line = 1_000_000;
                C::send(&self.hub, &room, line);
            }
        }
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }

    async fn ends(&mut self) {
        for (at, model) in self.rooms.iter().enumerate() {
            if let Some(lines) = C::state(&self.hub, &Self::room(at)) {
                assert_eq!(lines, model.lines, "seed {}: the state", self.seed);
            }
        }
        for person in self.people.iter_mut().filter(|person| person.is_here) {
            person.take(usize::MAX, self.seed).await;
            person.check(self.seed);
        }
    }
}

async fn live<C: Kind>(seed: u64) -> (usize, HashMap<&'static str, usize>)
where
    Line: SentBy<C>,
{
    let mut dice = Rng::with_seed(seed);
    let grace = Duration::from_secs(if dice.bool() { 5 } else { 0 });
    let config = Config::default().history_bytes(9_000 + dice.usize(..9_000)).room_grace(grace).ping_interval(None);
    let channels = channels![Plain, Hooked];
    let hub = channels.of::<C>();
    let store = Arc::new(Store::default());
    let server = channels.app_arc(Arc::clone(&store)).config(config);
    let mut world = World::new(seed, server, store, hub, dice);
    for _ in 0..STEPS {
        world.step().await;
    }
    world.ends().await;
    (world.resumed, world.anew)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn all<C: Kind>()
where
    Line: SentBy<C>,
{
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(300),
    };
    let (mut resumed, mut anew) = (0, HashMap::<_, usize>::new());
    for seed in seeds.clone() {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let counts = runtime.block_on(live::<C>(seed));
        resumed += counts.0;
        for (reason, times) in counts.1 {
            *anew.entry(reason).or_default() += times;
        }
    }
    println!("{} seeds: {resumed} resumed, {anew:?} began anew", seeds.end - seeds.start);
    let is_seen = |reason| seeds.end - seeds.start < 20 || anew.get(reason).is_some_and(|times| *times > 0);
    let reasons = ["first", "expired", "replaced"].into_iter().chain(C::TELLS_STATE.then_some(AS_IT_ARRIVED));
    assert!(resumed > 0 && { reasons }.all(is_seen), "{resumed} resumed, {anew:?}");
}

#[test]
fn rooms_without_hooks_keep_what_is_promised() {
    all::<Plain>();
}

#[test]
fn rooms_with_hooks_keep_what_is_promised() {
    all::<Hooked>();
}
