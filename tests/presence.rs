//! Who is present, as clients are told and programs ask: in memory on a paused clock, and over TCP.

mod support;

use std::time::Duration;

use channel_runtime::http::StatusCode;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    CloseCode, Config, Extract, Handshake, Hub, Present, Reject, Server, Socket, channel, channels, message,
};
use serde::Serialize;
use serde_json::{Value, json};
use support::{Frame, Raw, start, upgrade};
use tokio::task::yield_now;
use tokio::time::sleep;

const TICK: Duration = Duration::from_millis(250);
const GRACE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Serialize, channel_runtime::describe::Describe)]
pub struct Seen {
    cursor: Option<u32>,
    note: String,
}

#[message(type = "move_to")]
pub struct MoveTo {
    cursor: u32,
    note: String,
}

#[message(type = "leave_for")]
pub struct LeaveFor {
    code: u16,
}

pub struct Who(Option<String>);

impl<A: Sync> Extract<A> for Who {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("name")))
    }
}

#[channel("/doc/:id", presence = Seen)]
pub struct Doc {
    id: String,
    #[extract]
    who: Who,
    #[state]
    cursor: Option<u32>,
    #[state]
    note: String,
}

#[channel]
impl Doc {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        assert_ne!(self.note, "panic", "the hook panics");
        assert_ne!(self.id, "panics", "the hook panics");
        Seen { cursor: self.cursor, note: self.note.clone() }
    }

    fn on_connect(&mut self) {
        assert_ne!(self.id, "on_connect", "it panics");
    }

    #[message]
    fn move_to(&mut self, m: MoveTo, socket: &Socket<Self>) {
        (self.cursor, self.note) = (Some(m.cursor), m.note);
        socket.presence_changed();
        socket.presence_changed();
    }

    #[message]
    fn leave_for(&mut self, m: LeaveFor, socket: &Socket<Self>) {
        socket.close(CloseCode::new(m.code).unwrap(), "");
    }
}

/// Rooms of three, with short times.
#[channel("/lobby", presence(Seen, grace = "1s", every = "100ms", diffs_up_to = 3))]
pub struct Lobby {
    #[extract]
    who: Who,
}

#[channel]
impl Lobby {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: None, note: String::new() }
    }
}

fn app() -> (TestApp<()>, Hub<Doc>) {
    let channels = channels![Doc, Lobby];
    let hub = channels.of::<Doc>();
    (testing::app(channels.app(()).config(Config::default().ping_interval(None))), hub)
}

async fn enter(app: &TestApp<()>, name: &str) -> Client<Doc> {
    app.connect::<Doc>(&format!("/doc/a?name={name}")).await.unwrap()
}

fn present(hub: &Hub<Doc>) -> Present<Seen> {
    hub.room(&Doc::room("a")).present()
}

fn names(hub: &Hub<Doc>) -> Vec<String> {
    present(hub).users().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn who_enters_is_told_who_is_here_and_then_each_change() {
    let (app, hub) = app();
    let mut ann = enter(&app, "ann").await;
    assert_eq!(ann.present().await.users(), [""; 0]);
    assert_eq!(names(&hub), ["ann"], "a program need not wait");
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"]);
    let mut bob = enter(&app, "bob").await;
    assert_eq!(bob.present().await.users(), ["ann"]);
    sleep(TICK).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.present().await.users(), ["ann", "bob"]);
    }
    bob.send(MoveTo { cursor: 7, note: "here".into() });
    sleep(TICK).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.present().await.of("bob"), [&json!({ "cursor": 7, "note": "here" })]);
    }
    assert_eq!(ann.present().await.frames, 4, "as it entered, and with each tick that had something to tell");
    bob.close();
    app.settle().await;
    assert_eq!(names(&hub), ["ann"]);
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"]);
    sleep(GRACE).await;
    assert_eq!(ann.present().await.frames, 5, "no more is told than that");
}

#[tokio::test(start_paused = true)]
async fn one_user_on_several_devices_is_one() {
    let (app, hub) = app();
    let mut ann = enter(&app, "ann").await;
    let mut devices = [enter(&app, "bob").await, enter(&app, "bob").await];
    let mut nobody = app.connect::<Doc>("/doc/a").await.unwrap();
    sleep(TICK).await;
    let view = ann.present().await;
    assert_eq!((view.count, view.of("bob").len()), (3, 2), "who is nobody is by itself");
    let all = present(&hub);
    assert_eq!((all.len(), all.of("bob").len(), all.is_present("bob"), all.is_present("eve")), (3, 2, true, false));
    let without = hub.room(&Doc::room("a")).except_user("bob").present();
    assert_eq!((without.len(), without.is_present("ann")), (2, true));
    assert_eq!(all.page("ann", 1).map(|(user, _)| user).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(all.page("", 2).len(), 2);
    for (at, device) in devices.iter_mut().enumerate() {
        device.close();
        sleep(TICK).await;
        assert_eq!(ann.present().await.users().contains(&"bob"), at == 0);
    }
    nobody.lose();
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"], "nobody can't come back");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_reloaded_is_silent() {
    let (app, hub) = app();
    let mut ann = enter(&app, "ann").await;
    let mut bob = enter(&app, "bob").await;
    sleep(TICK).await;
    let before = ann.present().await;
    for _ in 0..5 {
        bob.close_with(CloseCode::GOING_AWAY, "");
        sleep(Duration::from_secs(3)).await;
        assert_eq!(names(&hub), ["ann", "bob"], "it is present meanwhile");
        bob = enter(&app, "bob").await;
        assert_eq!(bob.present().await.users(), ["ann", "bob"]);
        bob.lose();
        app.settle().await;
        bob = enter(&app, "bob").await;
    }
    sleep(2 * GRACE).await;
    assert_eq!(ann.present().await, before);
    bob.lose();
    sleep(GRACE).await;
    assert_eq!(names(&hub), ["ann"]);
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_sent_away_is_out_at_once_and_who_is_to_come_back_is_not() {
    for (code, is_over) in
        [(1000, true), (1008, true), (4401, true), (4403, true), (1001, false), (1012, false), (1013, false)]
    {
        let (app, hub) = app();
        let mut ann = enter(&app, "ann").await;
        let mut bob = enter(&app, "bob").await;
        sleep(TICK).await;
        bob.send(LeaveFor { code });
        bob.expect_close().await;
        sleep(TICK).await;
        assert_eq!(ann.present().await.users().contains(&"bob"), !is_over, "{code}");
        assert_eq!(present(&hub).is_present("bob"), !is_over, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_that_flap_within_a_tick_are_one_frame() {
    let channels = channels![Many];
    let hub = channels.of::<Many>();
    let app = testing::app(channels.app(()));
    let mut ann = app.connect::<Many>("/many?name=ann").await.unwrap();
    sleep(TICK).await;
    let before = ann.present().await.frames;
    let mut others = Vec::new();
    for n in 0..1000 {
        let mut other = app.connect::<Many>(&format!("/many?name={n}")).await.unwrap();
        match n % 2 {
            0 => others.push(other),
            _ => other.lose(),
        }
    }
    app.settle().await;
    sleep(TICK).await;
    let view = ann.present().await;
    assert_eq!((view.frames - before, view.count), (1, 501), "who was there for less than a tick was never there");
    drop(others);
    sleep(TICK).await;
    assert_eq!(ann.present().await.frames - before, 1, "all of them may come back");
    sleep(GRACE + TICK).await;
    let view = ann.present().await;
    assert_eq!((view.frames - before, view.count, hub.room(&Many::room()).present().len()), (2, 1, 1));
}

#[channel("/many", presence(Seen, diffs_up_to = 2000))]
pub struct Many {
    #[extract]
    who: Who,
}

#[channel]
impl Many {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: None, note: String::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_large_room_the_number_alone_is_told() {
    let (app, _) = app();
    let mut ann = app.connect::<Lobby>("/lobby?name=ann").await.unwrap();
    let mut others = Vec::new();
    for n in 0..5000 {
        others.push(app.connect::<Lobby>(&format!("/lobby?name={n}")).await.unwrap());
    }
    sleep(Duration::from_secs(1)).await;
    let view = ann.present().await;
    assert_eq!((view.count, view.users), (5001, None));
    let mut late = app.connect::<Lobby>("/lobby?name=late").await.unwrap();
    assert_eq!(late.present().await.count, 5001);
    let frames = view.frames;
    sleep(Duration::from_secs(1)).await;
    others.truncate(1);
    sleep(Duration::from_secs(3)).await;
    let view = ann.present().await;
    assert_eq!((view.count, view.frames - frames), (3, 2), "one that came, and then that all have gone");
    others.clear();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(late.present().await.users(), ["ann", "late"], "they are told by name again");
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_shown_is_refused() {
    let (app, hub) = app();
    let mut ann = enter(&app, "ann").await;
    let mut bob = enter(&app, "bob").await;
    bob.send(MoveTo { cursor: 1, note: "a".into() });
    sleep(TICK).await;
    bob.send(MoveTo { cursor: 2, note: "x".repeat(1024) });
    sleep(TICK).await;
    assert_eq!(ann.present().await.of("bob"), [&json!({ "cursor": 1, "note": "a" })]);
    assert_eq!(present(&hub).of("bob")[0].1.cursor, Some(1));
    bob.send(MoveTo { cursor: 3, note: "panic".into() });
    assert_eq!(bob.expect_close().await.0, CloseCode::INTERNAL);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_left_whose_connection_ends_in_any_state() {
    let channels = channels![Doc];
    let hub = channels.of::<Doc>();
    let app = testing::app(channels.app(()));
    let mut refused = app.connect::<Doc>("/doc/panics?name=ann").await.unwrap();
    assert_eq!(refused.expect_close().await.0, CloseCode::INTERNAL, "the join fails");
    let mut failed = app.connect::<Doc>("/doc/on_connect?name=ann").await.unwrap();
    assert_eq!(failed.expect_close().await.0, CloseCode::INTERNAL);
    // Before its session has run once.
    app.connect::<Doc>("/doc/a?name=ann").await.unwrap().lose();
    let mut kicked = enter(&app, "bob").await;
    hub.room(&Doc::room("a")).disconnect(CloseCode::TRY_AGAIN, "");
    kicked.lose();
    sleep(GRACE).await;
    for room in ["a", "panics", "on_connect"] {
        assert!(hub.room(&Doc::room(room)).present().is_empty(), "{room}");
    }
    assert_eq!(channel_runtime::private::census(&hub), Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_room_without_members_has_nobody() {
    let (app, hub) = app();
    let mut ann = enter(&app, "ann").await;
    sleep(TICK).await;
    ann.lose();
    app.settle().await;
    assert!(present(&hub).is_empty());
    let mut ann = enter(&app, "ann").await;
    assert_eq!(ann.present().await.users(), [""; 0], "who is alone is told anew");
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["ann"]);
}

#[message(type = "large")]
pub struct Large {
    text: String,
}

/// With times that a test can wait for.
#[channel("/wire", presence(Seen, grace = "20ms", every = "10ms"))]
pub struct Wire {
    #[extract]
    who: Who,
}

#[channel(sends(Large))]
impl Wire {
    fn identity(&self) -> Option<&String> {
        self.who.0.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { cursor: None, note: String::new() }
    }
}

fn server() -> (Server<()>, Hub<Wire>) {
    let channels = channels![Wire];
    let hub = channels.of::<Wire>();
    (channels.app(()).config(Config::default().ping_interval(None)), hub)
}

async fn upgraded(mut raw: Raw, name: &str, offers: &str) -> Raw {
    let offers = format!("\r\nSec-WebSocket-Protocol: {offers}\r\n");
    let response = raw.request(&upgrade(&format!("/wire?name={name}")).replacen("\r\n", &offers, 1)).await;
    assert_eq!(response.status, StatusCode::SWITCHING_PROTOCOLS);
    raw
}

const KNOWING: &str = "channels.1.json, channels.hello";

async fn next(raw: &mut Raw) -> Value {
    let Frame { payload, .. } = raw.frame().await.expect("a text");
    serde_json::from_slice(&payload).expect("JSON")
}

#[tokio::test]
async fn who_is_here_follows_joined_and_an_old_client_hears_nothing_of_it() {
    let (server, hub) = server();
    let server = start(server).await;
    let mut old = upgraded(server.connect().await, "old", "channels.1.json").await;
    let mut ann = upgraded(server.connect().await, "ann", KNOWING).await;
    assert_eq!(next(&mut ann).await["type"], "$hello");
    let joined = next(&mut ann).await;
    assert_eq!(joined["type"], "$joined");
    let here = next(&mut ann).await;
    assert!(here["type"] == "$presence" && here["here"].is_object(), "{here}");
    let mut is_in = here["here"].get("ann").is_some();
    while !is_in {
        let told = next(&mut ann).await;
        assert_eq!(told["type"], "$presence");
        is_in = told["in"]["ann"] == json!([{ "id": joined["id"], "cursor": null, "note": "" }]);
    }
    drop(ann);
    let mut eve = upgraded(server.connect().await, "eve", KNOWING).await;
    loop {
        let told = next(&mut eve).await;
        if told["out"]["ann"].is_array() || (told["here"].is_object() && told["here"].get("ann").is_none()) {
            break;
        }
    }
    hub.all().send(Large { text: "the first".into() });
    old.expect(Frame::text(r#"{"type":"large","text":"the first"}"#)).await;
}

/// What it would have been told meanwhile does not wait for it.
#[tokio::test]
async fn a_client_that_takes_nothing_is_told_all_anew_when_it_does() {
    let (server, hub) = server();
    let server = start(server).await;
    let mut slow = upgraded(server.connect_with_small_window().await, "slow", KNOWING).await;
    let mut ann = upgraded(server.connect().await, "ann", KNOWING).await;
    while hub.room(&Wire::room()).present().len() < 2 {
        next(&mut ann).await;
    }
    let mut large = 0;
    // Until the kernel takes no more.
    while hub.stats().outbox_bytes < 256 * 1024 {
        hub.connection(hub.room(&Wire::room()).only_user("slow").members()[0].id)
            .send(Large { text: "x".repeat(100_000) });
        large += 1;
        yield_now().await;
    }
    for n in 0..20 {
        let other = upgraded(server.connect().await, &n.to_string(), KNOWING).await;
        while next(&mut ann).await["in"].get(n.to_string()).is_none() {}
        drop(other);
        while next(&mut ann).await["out"].get(n.to_string()).is_none() {}
    }
    let (mut seen, mut told) = (0, Vec::new());
    while seen < large {
        let frame = next(&mut slow).await;
        seen += usize::from(frame["type"] == "large");
        told.extend((frame["type"] == "$presence").then_some(frame));
    }
    let named = |frame: &Value| (0..20).any(|n| frame["in"].get(n.to_string()).is_some());
    assert!(!told.iter().any(named), "{told:?}");
    let mut last = next(&mut slow).await;
    while last["here"].is_null() {
        last = next(&mut slow).await;
    }
    assert_eq!(last["here"].as_object().map(|here| here.keys().cloned().collect::<Vec<_>>()).unwrap(), ["ann", "slow"]);
}
