//! Who is present in rooms that have more than that: history, a state, hooks and a snapshot. And how presence ends where a connection has
//! not: a user who is sent away while it is lost, and a client that comes back before its old connection has ended.

mod support;

use std::sync::Arc;
use std::time::Duration;

use channel_runtime::http::StatusCode;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    CloseCode, Config, Extract, Fault, Handshake, Hub, Reject, Room, Socket, channel, channels, message,
};
use serde::Serialize;
use serde_json::{Value, json};
use support::{Frame, Raw, start, upgrade};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

const TICK: Duration = Duration::from_millis(250);
const GRACE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Serialize, channel_runtime::describe::Describe)]
pub struct Seen {
    cursor: u32,
}

#[message(type = "move_to")]
pub struct MoveTo {
    cursor: u32,
}

#[message(type = "line")]
pub struct Line {
    text: String,
}

#[message(type = "snapshot")]
pub struct Snapshot {
    opened: String,
}

pub struct Who(Option<String>);

impl<A: Sync> Extract<A> for Who {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("name")))
    }
}

/// With all that a room may have.
#[channel("/desk/:id", presence = Seen, history(size = 20, recent = 5, age = "60s"), room_state = String, room_grace = "30s")]
pub struct Desk {
    id: String,
    #[extract]
    who: Who,
    #[state]
    cursor: u32,
}

#[channel(sends(Line, Snapshot))]
impl Desk {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: self.cursor }
    }

    fn on_room_open(room: &Room<Self>) -> Result<String, Fault> {
        Ok(format!("opened as {room}"))
    }

    fn snapshot(&self, opened: &String) -> Snapshot {
        Snapshot { opened: opened.clone() }
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

/// With history alone.
#[channel("/log/:id", presence = Seen, history(size = 20, recent = 5, age = "60s"))]
pub struct Log {
    id: String,
    #[extract]
    who: Who,
    #[state]
    cursor: u32,
}

#[channel(sends(Line))]
impl Log {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: self.cursor }
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

struct World {
    app: TestApp<()>,
    desks: Hub<Desk>,
    logs: Hub<Log>,
}

fn world() -> World {
    let channels = channels![Desk, Log];
    let (desks, logs) = (channels.of::<Desk>(), channels.of::<Log>());
    World { app: testing::app(channels.app(()).config(Config::default().ping_interval(None))), desks, logs }
}

impl World {
    async fn at_desk(&self, name: &str) -> Client<Desk> {
        self.app.connect::<Desk>(&format!("/desk/a?name={name}")).await.unwrap()
    }

    async fn at_log(&self, name: &str) -> Client<Log> {
        self.app.connect::<Log>(&format!("/log/a?name={name}")).await.unwrap()
    }

    fn at_desks(&self) -> Vec<String> {
        self.desks.room(&Desk::room("a")).present().users().map(str::to_owned).collect()
    }

    fn at_logs(&self) -> Vec<String> {
        self.logs.room(&Log::room("a")).present().users().map(str::to_owned).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_a_hook_opens_tells_who_is_present_and_keeps_nobody_while_it_is_empty() {
    let world = world();
    let mut ann = world.at_desk("ann").await;
    assert_eq!(ann.expect::<Snapshot>().await.opened, "opened as /desk/a");
    let mut bob = world.at_desk("bob").await;
    bob.expect::<Snapshot>().await;
    sleep(TICK).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.present().await.users(), ["ann", "bob"]);
    }
    bob.send(MoveTo { cursor: 7 });
    sleep(TICK).await;
    assert_eq!(ann.present().await.of("bob"), [&json!({ "cursor": 7 })]);
    // Lost, it comes back as it was but for its cursor; and what is told of that is one change.
    let frames = ann.present().await.frames;
    let mut bob = bob.come_back().await;
    assert!(bob.joined().await.resumed().is_some());
    sleep(TICK).await;
    let view = ann.present().await;
    assert_eq!((view.of("bob"), view.frames - frames), (vec![&json!({ "cursor": 0 })], 1));
    for client in [&mut ann, &mut bob] {
        client.lose();
    }
    world.app.settle().await;
    assert_eq!((world.at_desks().len(), world.desks.stats().rooms), (0, 1), "the room is kept, and nobody is in it");
    let mut ann = ann.come_back().await;
    assert_eq!(ann.present().await.users(), [""; 0]);
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"]);
    sleep(2 * GRACE).await;
    assert_eq!(ann.present().await.frames, 2, "of those who were there before nothing is told");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_kept_for_its_history_has_nobody_while_it_is_empty() {
    let world = world();
    let mut ann = world.at_log("ann").await;
    sleep(TICK).await;
    world.logs.room(&Log::room("a")).send(Line { text: "1".into() });
    ann.lose();
    world.app.settle().await;
    assert_eq!((world.at_logs().len(), world.logs.stats().rooms), (0, 1));
    let mut bob = world.at_log("bob").await;
    assert_eq!(bob.present().await.users(), [""; 0]);
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(1));
    sleep(TICK).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.present().await.users(), ["ann", "bob"]);
    }
}

const KNOWING: &str = "channels.1.json, channels.hello";

async fn upgraded(mut raw: Raw, path: &str) -> Raw {
    let offers = format!("\r\nSec-WebSocket-Protocol: {KNOWING}\r\n");
    let response = raw.request(&upgrade(path).replacen("\r\n", &offers, 1)).await;
    assert_eq!(response.status, StatusCode::SWITCHING_PROTOCOLS);
    raw
}

async fn next(raw: &mut Raw) -> Value {
    let Frame { payload, .. } = raw.frame().await.expect("a text");
    serde_json::from_slice(&payload).expect("JSON")
}

async fn next_of(raw: &mut Raw, kind: &str) -> Value {
    loop {
        let frame = next(raw).await;
        if frame["type"] == kind {
            return frame;
        }
    }
}

#[tokio::test]
async fn who_is_here_is_told_before_what_was_said() {
    let channels = channels![Desk, Log];
    let (desks, logs) = (channels.of::<Desk>(), channels.of::<Log>());
    let server = start(channels.app(()).config(Config::default().ping_interval(None))).await;
    let _here = upgraded(server.connect().await, "/log/a?name=ann").await;
    while logs.room(&Log::room("a")).present().is_empty() {
        tokio::task::yield_now().await;
    }
    logs.room(&Log::room("a")).send(Line { text: "1".into() });
    let mut bob = upgraded(server.connect().await, "/log/a?name=bob").await;
    let kinds = ["$hello", "$joined", "$presence", "line"];
    for kind in kinds {
        assert_eq!(next(&mut bob).await["type"], kind);
    }
    let mut eve = upgraded(server.connect().await, "/desk/a?name=eve").await;
    for kind in ["$hello", "$joined", "$presence", "snapshot"] {
        assert_eq!(next(&mut eve).await["type"], kind);
    }
    drop(desks);
}

/// With times that a test can wait for.
#[channel("/net", presence(Seen, grace = "20ms", every = "10ms"), history(size = 20, age = "60s"))]
pub struct Net {
    #[extract]
    who: Who,
    #[state]
    cursor: u32,
}

#[channel]
impl Net {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: self.cursor }
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        self.cursor = m.cursor;
        socket.presence_changed();
    }
}

/// As when a phone changes its network: the server does not know yet that the connection is dead.
#[tokio::test]
async fn who_comes_back_before_its_old_connection_has_ended_is_seen_once() {
    let channels = channels![Net];
    let hub = channels.of::<Net>();
    let server = start(channels.app(()).config(Config::default().ping_interval(None))).await;
    let room = hub.room(&Net::room());
    let mut ann = upgraded(server.connect().await, "/net?name=ann").await;
    next_of(&mut ann, "$joined").await;
    let mut dead = Vec::new();
    let mut bob = upgraded(server.connect().await, "/net?name=bob").await;
    let mut joined = next_of(&mut bob, "$joined").await;
    let id = joined["id"].clone();
    while next_of(&mut ann, "$presence").await["in"]["bob"].is_null() {}
    // Also by a client that has come back before.
    for _ in 0..2 {
        let resume = format!("{}:{}", joined["at"].as_str().unwrap(), joined["seq"]);
        let back = upgraded(server.connect().await, &format!("/net?name=bob&$resume={resume}")).await;
        dead.push(std::mem::replace(&mut bob, back));
        joined = next_of(&mut bob, "$joined").await;
        assert!(joined["resumed"].is_number(), "{joined}");
        assert_eq!(room.present().of("bob").len(), 1);
        assert_eq!(room.present().of("bob")[0].0.to_string(), joined["id"]);
    }
    // What is seen of a connection without a client is nothing.
    let move_to = |cursor: u32| support::text(&json!({ "type": "move_to", "cursor": cursor }).to_string());
    dead[0].write(move_to(1)).await;
    bob.write(move_to(2)).await;
    let moved = next_of(&mut ann, "$presence").await;
    let entry = json!([{ "id": id, "cursor": 2 }]);
    assert_eq!((&moved["in"]["bob"], moved.get("out")), (&entry, None), "{moved}");
    // Nor does its end say anything.
    while room.len() > 2 {
        dead.clear();
        tokio::task::yield_now().await;
    }
    // And nobody takes the place of another user.
    let resume = format!("{}:{}", joined["at"].as_str().unwrap(), joined["seq"]);
    let _eve = upgraded(server.connect().await, &format!("/net?name=eve&$resume={resume}")).await;
    let told = next_of(&mut ann, "$presence").await;
    assert!(told["in"]["eve"].is_array() && told.get("out").is_none() && told["in"].get("bob").is_none(), "{told}");
    drop(bob);
    while next_of(&mut ann, "$presence").await["out"]["bob"].is_null() {}
}

/// How it is named, and how it is done.
type Way = (&'static str, fn(&World));

#[tokio::test(start_paused = true)]
async fn a_user_who_is_sent_away_while_its_connection_is_lost_is_out_at_once() {
    let ways: [Way; 6] = [
        ("everywhere", |world| _ = world.logs.user("bob").disconnect(CloseCode::FORBIDDEN, "")),
        ("in a room", |world| {
            world.logs.room(&Log::room("a")).only_user("bob").disconnect(CloseCode::FORBIDDEN, "");
        }),
        ("of all", |world| _ = world.logs.all().only_user("bob").disconnect(CloseCode::FORBIDDEN, "")),
        ("elsewhere", |world| {
            world.logs.room(&Log::room("b")).only_user("bob").disconnect(CloseCode::FORBIDDEN, "");
        }),
        ("but to come back", |world| _ = world.logs.user("bob").disconnect(CloseCode::RESTART, "")),
        ("to another room", |world| _ = world.logs.user("bob").redirect(&Log::room("b"))),
    ];
    for (way, send_away) in ways {
        let world = world();
        let mut ann = world.at_log("ann").await;
        let (mut lost, mut cut, here) =
            (world.at_log("bob").await, world.at_log("bob").await, world.at_log("bob").await);
        let mut desk = world.at_desk("ann").await;
        let mut other = world.at_desk("bob").await;
        sleep(TICK).await;
        lost.lose();
        cut.close_with(CloseCode::GOING_AWAY, "");
        other.lose();
        world.app.settle().await;
        assert_eq!(ann.present().await.of("bob").len(), 3);
        send_away(&world);
        drop(here);
        world.app.settle().await;
        let is_out = ["everywhere", "in a room", "of all"].contains(&way);
        assert_eq!(world.at_logs().contains(&"bob".to_owned()), !is_out, "{way}");
        sleep(TICK).await;
        assert_eq!(ann.present().await.users().contains(&"bob"), !is_out, "{way}");
        assert!(desk.present().await.users().contains(&"bob"), "{way}: in rooms of another channel it is present");
        sleep(GRACE + TICK).await;
        assert_eq!((ann.present().await.users(), desk.present().await.users()), (vec!["ann"], vec!["ann"]), "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_sent_away_on_all_channels_is_present_on_none() {
    let channels = channels![Desk, Log];
    let users = channels.users();
    let (desks, logs) = (channels.of::<Desk>(), channels.of::<Log>());
    let world = World { app: testing::app(channels.app(())), desks, logs };
    let (_ann, mut bob) = (world.at_log("ann").await, world.at_log("bob").await);
    let (_desk, mut other) = (world.at_desk("ann").await, world.at_desk("bob").await);
    sleep(TICK).await;
    bob.lose();
    other.lose();
    world.app.settle().await;
    assert_eq!((world.at_logs().len(), world.at_desks().len()), (2, 2));
    users.user("bob").disconnect(CloseCode::FORBIDDEN, "");
    assert_eq!((world.at_logs(), world.at_desks()), (vec!["ann".to_owned()], vec!["ann".to_owned()]));
}

/// Of several devices the one that asks for it stays, also for others who are present.
#[tokio::test(start_paused = true)]
async fn who_sends_away_its_other_devices_may_be_lost_itself_later() {
    let world = world();
    let mut ann = world.at_log("ann").await;
    let (mut lost, mut bob) = (world.at_log("bob").await, world.at_log("bob").await);
    sleep(TICK).await;
    lost.lose();
    world.app.settle().await;
    let id = bob.joined().await.id;
    world.logs.user("bob").except(id).disconnect(CloseCode::FORBIDDEN, "");
    sleep(TICK).await;
    assert_eq!(ann.present().await.of("bob").len(), 1);
    bob.lose();
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann", "bob"], "it may come back");
}

#[derive(Default)]
pub struct Gate(Notify);

#[channel("/gate", app = Arc<Gate>, presence(Seen, every = "3s"))]
pub struct Gated {
    #[extract]
    who: Who,
}

#[channel]
impl Gated {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: 0 }
    }

    async fn on_connect(&self, gate: &Arc<Gate>) {
        if self.who.0.as_deref() == Some("bob") {
            gate.0.notified().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_not_told_while_it_was_welcomed_is_told_as_soon_as_it_is_in() {
    let gate = Arc::<Gate>::default();
    let app = testing::app(channels![Gated].app(Arc::clone(&gate)));
    let _ann = app.connect::<Gated>("/gate?name=ann").await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let mut bob = app.connect::<Gated>("/gate?name=bob").without_waiting().await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let now = Instant::now();
    gate.0.notify_one();
    let view = bob.present().await;
    assert_eq!((view.users(), view.frames), (vec!["ann", "bob"], 2));
    assert_eq!(Instant::now(), now, "nobody waits for the next tick");
}
