//! The promised order: random programs over all audiences, with many connections on several threads.
//!
//! What one sender says arrives at each client in the order said, whatever the audiences; all members of a room hear that
//! room in the same order; nobody misses anything or hears it twice. So it is where one service
//! runs on two runtimes, and where members of the rooms read nothing and are cut.

mod support;

use std::collections::HashMap;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    ClosedBy, Config, ConnectionId, Extract, Handshake, Hub, ReceivedBody, Reject, Socket, channel, channels, message,
};
use futures::{FutureExt, SinkExt, StreamExt};
use support::over::Stream;
use support::two_runtimes::TwoRuntimes;
use support::{Raw, Running, start, text, within};
use tokio_tungstenite::WebSocketStream;

const ROOMS: usize = 3;
const USERS: usize = 4;
const CLIENTS: usize = 18;
const STEPS: usize = 60;
/// How many members read nothing, where any do.
const STALLED: usize = 3;
/// What may wait for a client where some read nothing: half of what each is sent.
const OUTBOX: usize = 512 * 1024;
/// No step of a program: a sender's last word.
const LAST: u32 = u32::MAX;

/// One step of a client's program.
#[message(type = "step")]
pub struct Step {
    audience: String,
    n: u32,
}

#[message(type = "heard")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    from: String,
    audience: String,
    n: u32,
    padding: String,
}

#[message(type = "hello")]
pub struct Hello {
    id: String,
}

#[derive(Clone, Copy)]
pub struct Group(u32);

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId(usize);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for UserId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl<A: Sync> Extract<A> for UserId {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let user = handshake.query_param("user").and_then(|user| user.parse().ok());
        user.ok_or_else(|| Reject::bad_request("a user is a number"))
    }
}

/// Panics when it is dropped, where it is armed.
#[derive(Default)]
pub struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 {
            std::panic::resume_unwind(Box::new("a bomb"));
        }
    }
}

/// Armed for whoever comes to the room beside the arena's own.
#[channel("/arena/:room", rooms(Group), room_state = Bomb)]
pub struct Arena {
    room: usize,
    #[extract]
    user: UserId,
    #[state]
    bomb: Bomb,
}

#[channel(sends(Heard, Hello))]
impl Arena {
    fn identity(&self) -> UserId {
        self.user
    }

    fn on_connect(&mut self, socket: &Socket<Self>) -> Hello {
        self.bomb.0 = self.room == ROOMS;
        socket.room().with(|bomb, _| bomb.0 = self.room == ROOMS);
        if self.room == ROOMS {
            socket.join(&Group(0));
            socket.notify(Dropped(Bomb(true)));
        }
        Hello { id: socket.id().to_string() }
    }

    #[notice]
    fn dropped(&mut self, n: Dropped) {
        assert!(n.0.0);
    }

    #[message]
    fn step(&mut self, Step { audience, n }: Step, socket: &Socket<Self>) {
        assert!(self.room < ROOMS);
        let heard = Heard { from: socket.id().to_string(), audience: audience.clone(), n, padding: padding() };
        let sent = match audience.as_str() {
            "me" => socket.send(heard),
            "room" => socket.room().send(heard),
            "others" => socket.others().send(heard),
            "all" => socket.all().send(heard),
            "user" => socket.user(&UserId(n as usize % USERS)).send(heard),
            "users" => socket.users(&[UserId(0), UserId(1), UserId(0)]).send(heard),
            "group" => socket.room_of(&Group(n % 2)).send(heard),
            "groups" => socket.rooms([Group(0), Group(1)]).send(heard),
            "with" => socket.room().with(|_, room| room.send(heard)),
            "send_with" => socket.room().send_with(|_| heard),
            "join" | "leave" => {
                let group = Group(n % 2);
                if audience == "join" {
                    socket.join(&group)
                } else {
                    socket.leave(&group)
                };
                return;
            }
            other => panic!("no audience `{other}`"),
        };
        // Who vanishes half-way may refuse, and so may those who are closed by a panic.
        assert!(!sent.unencodable);
    }
}

/// Drops what it holds.
pub struct Dropped(Bomb);

const AUDIENCES: [&str; 13] =
    ["me", "room", "room", "others", "all", "user", "users", "group", "groups", "with", "send_with", "join", "leave"];

/// A small generator of numbers: the same program for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// What each message is made longer by.
fn padding() -> String {
    "x".repeat(1500)
}

/// Where the clients are: in memory, where each connection's own task writes to it, or on sockets, to which a room's flusher
/// writes past those tasks; all on one runtime, or on two that share the app.
enum Venue {
    Memory(TestApp<()>),
    Sockets(Running),
    TwoRuntimes(TwoRuntimes),
}

#[derive(Clone, Copy)]
enum On {
    Memory,
    Sockets,
    TwoRuntimes,
}

enum Seat {
    Memory(Box<Client<Arena>>),
    Socket(Box<WebSocketStream<Box<dyn Stream>>>),
}

impl Venue {
    async fn seat(&self, room: usize, user: usize) -> Seat {
        let path = format!("/arena/{room}?user={user}");
        match self {
            Self::Memory(app) => Seat::Memory(Box::new(app.connect::<Arena>(&path).await.unwrap())),
            Self::Sockets(server) => Seat::Socket(Box::new(server.client(&path).await)),
            Self::TwoRuntimes(servers) => Seat::Socket(Box::new(servers.client(&path).await)),
        }
    }

    /// A member that reads nothing, and whose kernel takes little.
    async fn stalled(&self, room: usize, user: usize) -> Raw {
        let mut raw = match self {
            Self::Memory(_) => panic!("a stream in memory takes all"),
            Self::Sockets(server) => server.connect_with_small_window().await,
            Self::TwoRuntimes(servers) => servers.connect_with_small_window().await,
        };
        raw.upgrade(&format!("/arena/{room}?user={user}")).await;
        raw
    }
}

impl Seat {
    async fn say(&mut self, audience: &str, n: u32) {
        match self {
            Self::Memory(client) => client.send(Step { audience: audience.into(), n }),
            Self::Socket(socket) => {
                let text = format!(r#"{{"type":"step","audience":"{audience}","n":{n}}}"#);
                within(socket.send(text.into())).await.unwrap();
            }
        }
    }

    async fn hear(&mut self) -> ArenaToClient {
        let text = match self {
            Self::Memory(client) => client.expect_text().await,
            Self::Socket(socket) => within(socket.next()).await.unwrap().unwrap().into_text().unwrap().to_string(),
        };
        match channel_runtime::Received::<Arena>::from_text(&text).unwrap().body {
            ReceivedBody::Message(message) => message,
            _ => panic!("{text}"),
        }
    }

    async fn greeted(&mut self) -> String {
        match self.hear().await {
            ArenaToClient::Hello(hello) => hello.id,
            ArenaToClient::Heard(heard) => panic!("{heard:?} before the hello"),
        }
    }
}

struct Player {
    seat: Seat,
    id: String,
    room: usize,
    user: usize,
    program: Vec<(&'static str, u32)>,
    heard: Vec<Heard>,
}

impl Player {
    /// Hears what has come: who never reads is cut.
    fn keep_up(&mut self) {
        while let Some(heard) = self.seat.hear().now_or_never() {
            let ArenaToClient::Heard(heard) = heard else { panic!("a second hello") };
            self.heard.push(heard);
        }
    }

    /// Hears on until this sender says its last word, which is kept for nobody.
    async fn hear_until(&mut self, sender: &str) {
        loop {
            let ArenaToClient::Heard(heard) = self.seat.hear().await else { panic!("a second hello") };
            match heard.n {
                LAST if heard.from == sender => return,
                LAST => {}
                _ => self.heard.push(heard),
            }
        }
    }
}

async fn play(seed: u64, on: On, stalled: usize) {
    let channels = channels![Arena];
    let hub: Hub<Arena> = channels.of::<Arena>();
    let config = Config::default();
    let server = channels.app(()).config(if stalled > 0 { config.outbox_bytes(OUTBOX) } else { config });
    let venue = match on {
        On::Memory => Venue::Memory(testing::app(server)),
        On::Sockets => Venue::Sockets(start(server).await),
        On::TwoRuntimes => Venue::TwoRuntimes(TwoRuntimes::start(&server.service())),
    };
    let mut silent = Vec::new();
    for index in 0..stalled {
        silent.push(venue.stalled(index % ROOMS, USERS).await);
    }
    let mut random = Random(seed);
    let mut players = Vec::new();
    for index in 0..CLIENTS {
        let (room, user) = (index % ROOMS, index % USERS);
        let mut seat = venue.seat(room, user).await;
        let id = seat.greeted().await;
        let program = (0..STEPS as u32).map(|n| (AUDIENCES[random.below(AUDIENCES.len())], n)).collect();
        players.push(Player { seat, id, room, user, program, heard: Vec::new() });
    }
    let mut witness = venue.seat(0, 0).await;
    witness.greeted().await;

    let from_outside = tokio::spawn({
        let hub = hub.clone();
        async move {
            for n in 0..STEPS as u32 {
                let audience = if n % 2 == 0 { "hub all" } else { "hub room" };
                let heard = Heard { from: "hub".into(), audience: audience.into(), n, padding: padding() };
                let sent = if n % 2 == 0 { hub.all().send(heard) } else { hub.room(&Arena::room(&1)).send(heard) };
                assert!(!sent.unencodable);
                tokio::task::yield_now().await;
            }
        }
    });
    let mut steps = 0;
    let mut next = [0; CLIENTS];
    while steps < CLIENTS * STEPS {
        let player = random.below(CLIENTS);
        if next[player] < STEPS {
            let (audience, n) = players[player].program[next[player]];
            players[player].seat.say(audience, n).await;
            next[player] += 1;
            steps += 1;
        }
        if steps == CLIENTS * STEPS / 2 {
            let ended = std::mem::replace(&mut witness, venue.seat(0, 0).await);
            drop(ended);
        }
        if random.below(60) == 0 {
            // Its handler, its room's state and what it is told panic when they are dropped, which is nobody else's affair.
            venue.seat(ROOMS, USERS).await.greeted().await;
        }
        if random.below(20) == 0 {
            tokio::task::yield_now().await;
            if stalled > 0 {
                players.iter_mut().for_each(Player::keep_up);
            }
        }
    }
    // What somebody says to itself comes after all that it has said: then all has been said, and after that comes the end.
    for player in &mut players {
        player.seat.say("me", LAST).await;
        player.hear_until(&player.id.clone()).await;
    }
    from_outside.await.unwrap();
    hub.all().send(Heard { from: "end".into(), audience: "hub all".into(), n: LAST, padding: padding() });
    for player in &mut players {
        player.hear_until("end").await;
    }
    check(seed, &players);
    // Whoever reads nothing has stalled; some are cut, and nobody else.
    let cut = hub.ended(ClosedBy::SlowClient);
    assert!(
        cut <= stalled as u64 && (stalled == 0 || cut > 0 || hub.stats().outbox_bytes > 0),
        "seed {seed}: {cut} cut"
    );
    drop(silent);
}

fn check(seed: u64, players: &[Player]) {
    for player in players {
        // One sender to one client: in order, and once.
        let mut last: HashMap<&str, i64> = HashMap::new();
        for heard in &player.heard {
            let before = last.insert(&heard.from, heard.n.into()).unwrap_or(-1);
            assert!(before < heard.n.into(), "seed {seed}: {} heard {heard:?} after {before}", player.id);
        }
        // Complete: whoever is in the audience all the time hears all of it.
        for sender in players {
            for &(audience, n) in &sender.program {
                let expected = match audience {
                    "me" => sender.id == player.id,
                    "room" | "with" | "send_with" => sender.room == player.room,
                    "others" => sender.room == player.room && sender.id != player.id,
                    "all" => true,
                    "user" => n as usize % USERS == player.user,
                    "users" => player.user < 2,
                    "group" | "groups" => continue,
                    _ => false,
                };
                let count = player.heard.iter().filter(|heard| heard.from == sender.id && heard.n == n).count();
                assert_eq!(
                    count,
                    usize::from(expected),
                    "seed {seed}: {audience} {n} of {} at {}",
                    sender.id,
                    player.id
                );
            }
        }
        let from_outside = player.heard.iter().filter(|heard| heard.from == "hub").count();
        assert_eq!(
            from_outside,
            if player.room == 1 { STEPS } else { STEPS / 2 },
            "seed {seed}: the hub at {}",
            player.id
        );
        // A member of a group hears what it sends there itself, from its join to its leave.
        let mut member = [false; 2];
        for &(audience, n) in &player.program {
            let group = n as usize % 2;
            match audience {
                "join" => member[group] = true,
                "leave" => member[group] = false,
                "group" | "groups" => {
                    let expected = if audience == "group" { member[group] } else { member[0] || member[1] };
                    let heard = player.heard.iter().any(|heard| heard.from == player.id && heard.n == n);
                    assert_eq!(heard, expected, "seed {seed}: {audience} {n} of itself at {}", player.id);
                }
                _ => {}
            }
        }
    }
    let room_of = |player: &Player| -> Vec<Heard> {
        let of_room = |heard: &&Heard| ["room", "with", "send_with", "hub room"].contains(&heard.audience.as_str());
        player.heard.iter().filter(of_room).cloned().collect()
    };
    for player in players {
        let first = players.iter().find(|other| other.room == player.room).unwrap();
        assert!(
            room_of(player) == room_of(first),
            "seed {seed}: {} and {} heard room {} differently",
            player.id,
            first.id,
            player.room
        );
    }
    let all_of = |player: &Player| -> Vec<Heard> {
        player.heard.iter().filter(|heard| ["all", "hub all"].contains(&heard.audience.as_str())).cloned().collect()
    };
    assert!(players.iter().all(|player| all_of(player) == all_of(&players[0])), "seed {seed}: all, in one order");
    let _: ConnectionId = players[0].id.parse().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_client_hears_everything_once_and_in_order() {
    for seed in 0..6 {
        play(seed, On::Memory, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_it_is_on_sockets() {
    for seed in 10..14 {
        play(seed, On::Sockets, 0).await;
    }
}

#[tokio::test]
async fn so_it_is_on_sockets_and_one_thread() {
    for seed in 14..17 {
        play(seed, On::Sockets, 0).await;
    }
}

#[tokio::test]
async fn so_it_is_on_one_thread() {
    for seed in 6..10 {
        play(seed, On::Memory, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_it_is_beside_members_that_read_nothing() {
    for seed in 17..20 {
        play(seed, On::Sockets, STALLED).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_on_two_runtimes() {
    for seed in 20..23 {
        play(seed, On::TwoRuntimes, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_on_two_runtimes_beside_members_that_read_nothing() {
    for seed in 23..26 {
        play(seed, On::TwoRuntimes, STALLED).await;
    }
}

/// A room's flusher runs on the runtime of one of its members.
#[tokio::test]
async fn a_runtime_that_is_blocked_holds_up_nobody_on_another() {
    let channels = channels![Arena, Blocking];
    let (blocked, is_blocked) = std::sync::mpsc::channel();
    let (free, is_free) = std::sync::mpsc::channel();
    *GATE.lock().unwrap() = Some((blocked, is_free));
    let servers = TwoRuntimes::start(&channels.app(()).service());
    let [one, two] = servers.addrs;
    let mut first = Raw::open(one, "/arena/0?user=0").await;
    let mut speaker = Raw::open(two, "/arena/0?user=1").await;
    let mut hearer = Raw::open(two, "/arena/0?user=2").await;
    for raw in [&mut first, &mut speaker, &mut hearer] {
        assert!(raw.frame().await.is_some_and(|hello| hello.payload.starts_with(br#"{"type":"hello""#)));
    }
    let mut blocking = Raw::open(one, "/blocking").await;
    blocking.write(text(r#"{"type":"block"}"#)).await;
    tokio::task::spawn_blocking(move || is_blocked.recv().unwrap()).await.unwrap();
    for n in 0..100 {
        speaker.write(text(&format!(r#"{{"type":"step","audience":"others","n":{n}}}"#))).await;
        let heard = hearer.frame().await.unwrap();
        assert!(String::from_utf8(heard.payload).unwrap().contains(&format!(r#""n":{n},"#)), "{n}");
    }
    free.send(()).unwrap();
    for n in 0..100 {
        let heard = first.frame().await.unwrap();
        assert!(String::from_utf8(heard.payload).unwrap().contains(&format!(r#""n":{n},"#)), "{n}");
    }
}

type Gate = (std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>);

static GATE: std::sync::Mutex<Option<Gate>> = std::sync::Mutex::new(None);

#[channel("/blocking")]
pub struct Blocking;

#[channel]
impl Blocking {
    /// Blocks its thread until the test lets it go on.
    #[message(type = "block")]
    fn block(&self) {
        let (blocked, is_free) = GATE.lock().unwrap().take().unwrap();
        blocked.send(()).unwrap();
        // An error where the test has failed.
        let _ = is_free.recv();
    }
}
