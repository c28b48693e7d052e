//! What history keeps of a room that has no members, for how long, and what is let go first: in memory, on a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, Config, Fault, Health, Hub, Room, Socket, channel, channels, message};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

/// How a client was received.
#[message(type = "received")]
pub struct Received {
    how: String,
}

fn said(text: &str) -> Said {
    Said { text: text.to_owned() }
}

const AGE: Duration = Duration::from_secs(60);

/// What a room counts.
const ROOM_BYTES: usize = 1024;

/// Of rooms that are kept for a page alone, where all together may take 64 KiB: they have an eighth.
const MOST_PAGES: usize = 64 * 1024 / 8 / ROOM_BYTES;

/// Rooms are looked at every second.
const A_LITTLE: Duration = Duration::from_secs(2);

#[channel("/notes/:room", room_state = Vec<String>, history(size = 1000, bytes = "1MiB", age = "60s"))]
pub struct Notes {
    room: String,
}

#[channel(sends(Said, Received))]
impl Notes {
    fn on_connect(&self, socket: &Socket<Self>) {
        socket.send(Received { how: format!("{:?}", socket.joined()) });
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().with(|notes, room| {
            notes.push(say.text.clone());
            room.send(Said { text: say.text });
        });
    }
}

fn notes(config: Config) -> (TestApp<()>, Hub<Notes>, Health) {
    let channels = channels![Notes];
    let hub = channels.of::<Notes>();
    let server = channels.app(()).config(config);
    let health = server.health();
    (testing::app(server), hub, health)
}

fn room(name: &str) -> Room<Notes> {
    Notes::room(name)
}

async fn comes_back(app: &TestApp<()>, room: &str, position: &str) -> (Client<Notes>, String) {
    let mut client =
        app.connect::<Notes>(&format!("/notes/{room}")).knowing().query("$resume", position).await.unwrap();
    let how = client.wait_for::<Received>().await.how;
    (client, how)
}

#[tokio::test(start_paused = true)]
async fn a_room_lives_as_long_as_its_history_with_its_state_and_what_hubs_send() {
    let (app, hub, _) = notes(Config::default());
    let mut ann = app.connect::<Notes>("/notes/a").await.unwrap();
    ann.expect::<Received>().await;
    let position = hub.room(&room("a")).position().await.unwrap().to_string();
    ann.send(Say { text: "1".into() });
    ann.expect::<Said>().await;
    ann.close();
    app.settle().await;
    tokio::time::sleep(AGE - A_LITTLE).await;
    assert_eq!((hub.stats().rooms, hub.stats().connections), (1, 0));
    assert_eq!(hub.with_room(&room("a"), |notes, _| notes.len()), Some(1));
    hub.room(&room("a")).send(said("2"));
    tokio::time::sleep(AGE - A_LITTLE).await;
    let (mut bob, how) = comes_back(&app, "a", &position).await;
    assert_eq!(how, "Fresh { reason: Expired }", "the first was too old");
    hub.room(&room("a")).send(said("3"));
    assert_eq!(bob.expect::<Said>().await.text, "3");
    bob.close();
    app.settle().await;
    tokio::time::sleep(AGE + A_LITTLE).await;
    assert_eq!((hub.stats().rooms, hub.with_room(&room("a"), |_, _| ())), (0, None));
    let (_, how) = comes_back(&app, "a", &position).await;
    assert_eq!(how, "Fresh { reason: Replaced }");
}

#[tokio::test(start_paused = true)]
async fn a_room_without_history_to_keep_is_not_kept() {
    let (app, hub, _) = notes(Config::default());
    let mut ann = app.connect::<Notes>("/notes/a").await.unwrap();
    ann.expect::<Received>().await;
    ann.close();
    app.settle().await;
    assert_eq!(hub.stats().rooms, 0);
    hub.room(&room("a")).send(said("nobody keeps it"));
    assert_eq!(hub.stats().rooms, 0);
    // A page that was told its place.
    hub.room(&room("a")).position().await.unwrap();
    assert_eq!(hub.stats().rooms, 1);
    tokio::time::sleep(AGE + A_LITTLE).await;
    assert_eq!(hub.stats().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn above_the_bound_of_all_the_longest_empty_rooms_are_let_go_first_and_then_the_oldest_messages() {
    let (app, hub, health) = notes(Config::default().history_bytes(25_000));
    let text = "x".repeat(1000);
    let mut positions = Vec::new();
    for name in ["a", "b", "c"] {
        let mut client = app.connect::<Notes>(&format!("/notes/{name}")).await.unwrap();
        client.expect::<Received>().await;
        positions.push(hub.room(&room(name)).position().await.unwrap().to_string());
        for _ in 0..5 {
            hub.room(&room(name)).send(said(&text));
        }
        client.take_texts();
        if name != "c" {
            client.close();
            app.settle().await;
            tokio::time::sleep(A_LITTLE).await;
            continue;
        }
        // It is over the bound now, by a room with a member.
        for _ in 0..5 {
            hub.room(&room(name)).send(said(&text));
        }
        tokio::time::sleep(A_LITTLE).await;
        client.take_texts();
        assert!(health.history_bytes() <= 25_000, "{}", health.history_bytes());
        let how = |room: &'static str, position: String| {
            let app = &app;
            async move { comes_back(app, room, &position).await.1 }
        };
        assert_eq!(how("a", positions[0].clone()).await, "Fresh { reason: Expired }");
        assert_eq!(how("b", positions[1].clone()).await, "Resumed { missed: 5 }");
    }
    app.settle().await;
    tokio::time::sleep(2 * AGE).await;
    assert_eq!((health.history_bytes(), hub.stats().rooms), (0, 0));
}

/// What the hooks of a room did.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[channel("/game/:id", app = Log, room_state = u32, history(age = "60s"))]
pub struct Game {
    id: String,
}

#[channel(sends(Said))]
impl Game {
    fn on_room_open(room: &Room<Self>, log: &Log) -> Result<u32, Fault> {
        log.add(format!("open {room}"));
        if room.name() == "/game/none" { Err(Fault::new(Fault::NOT_FOUND, "no such game")) } else { Ok(7) }
    }

    fn on_room_close(room: &Room<Self>, state: u32, log: &Log) {
        log.add(format!("close {room} {state}"));
    }

    fn snapshot(&self, state: &u32) -> Said {
        assert_ne!(self.id, "panics", "the test wants it");
        Said { text: format!("the state is {state}") }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_with_hooks_closes_when_its_history_is_over_and_at_once_when_the_server_stops() {
    let channels = channels![Game];
    let hub = channels.of::<Game>();
    let log = Arc::new(Log::default());
    let app = testing::app(channels.app_arc(Arc::clone(&log)));
    let game = Game::room("1");
    let position = hub.room(&game).position().await.unwrap().to_string();
    assert_eq!(log.take(), ["open /game/1"]);
    hub.room(&game).send(said("while a page is made"));
    let mut ann = app.connect::<Game>("/game/1").knowing().query("$resume", &position).await.unwrap();
    assert_eq!(ann.expect::<Said>().await.text, "while a page is made");
    let mut bob = app.connect::<Game>("/game/1").await.unwrap();
    assert_eq!(bob.expect::<Said>().await.text, "the state is 7");
    drop((ann, bob));
    app.settle().await;
    tokio::time::sleep(AGE - A_LITTLE).await;
    assert!(log.take().is_empty());
    hub.room(&game).send(said("a little longer"));
    tokio::time::sleep(AGE - A_LITTLE).await;
    assert!(log.take().is_empty());
    tokio::time::sleep(2 * A_LITTLE).await;
    assert_eq!(log.take(), ["close /game/1 7"]);

    let error = hub.room(&Game::room("none")).position().await.unwrap_err();
    assert_eq!((error.code.as_ref(), log.take().len()), (Fault::NOT_FOUND, 1));

    hub.room(&game).position().await.unwrap();
    hub.room(&game).send(said("kept"));
    log.take();
    app.drain().await;
    assert_eq!(log.take(), ["close /game/1 7"]);
}

/// With what its hooks did.
fn games(config: Config) -> (TestApp<Log>, Hub<Game>, Arc<Log>, Health) {
    let channels = channels![Game];
    let hub = channels.of::<Game>();
    let log = Arc::new(Log::default());
    let server = channels.app_arc(Arc::clone(&log)).config(config);
    let health = server.health();
    (testing::app(server), hub, log, health)
}

fn game(name: usize) -> Room<Game> {
    Game::room(&name.to_string())
}

async fn opened(hub: &Hub<Game>, name: usize) -> String {
    hub.room(&game(name)).position().await.unwrap().to_string()
}

/// What it is sent first: what it missed, or the snapshot.
async fn hears_first(app: &TestApp<Log>, name: usize, position: &str) -> String {
    let path = format!("/game/{name}");
    let mut client = app.connect::<Game>(&path).knowing().query("$resume", position).await.unwrap();
    client.expect::<Said>().await.text
}

#[tokio::test(start_paused = true)]
async fn rooms_with_hooks_are_let_go_as_others_are_when_there_is_too_much() {
    let (app, hub, log, health) = games(Config::default().history_bytes(25_000));
    let text = "x".repeat(1000);
    let mut positions = Vec::new();
    for name in 0..3 {
        positions.push(opened(&hub, name).await);
        for _ in 0..if name == 2 { 9 } else { 5 } {
            hub.room(&game(name)).send(said(&text));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    log.take();
    assert!(health.history_bytes() > 25_000);
    tokio::time::sleep(A_LITTLE).await;
    assert!(health.history_bytes() <= 25_000, "{}", health.history_bytes());
    assert_eq!(hears_first(&app, 0, &positions[0]).await, "the state is 7");
    assert_eq!(hears_first(&app, 1, &positions[1]).await, text);
    assert!(log.take().is_empty(), "its messages were enough");
}

/// Empties so many rooms that have little in them, and returns which are closed, and which are left with their bytes.
async fn closed_of(rooms: usize, grace: Duration) -> (Vec<usize>, usize, usize) {
    let (app, hub, log, health) = games(Config::default().history_bytes(64 * 1024).room_grace(grace));
    let mut clients = Vec::new();
    for name in 0..rooms {
        clients.push(app.connect::<Game>(&format!("/game/{name}")).await.unwrap());
        hub.room(&game(name)).send(said("little"));
    }
    log.take();
    for mut client in clients {
        client.close();
        app.settle().await;
    }
    assert!(health.history_bytes() > 64 * 1024);
    tokio::time::sleep(A_LITTLE + grace).await;
    let number = |line: &String| line.strip_prefix("close /game/")?.strip_suffix(" 7")?.parse().ok();
    let mut closed: Vec<usize> = log.take().iter().map(|line| number(line).expect("a room closes")).collect();
    closed.sort_unstable();
    (closed, hub.stats().rooms, health.history_bytes())
}

#[tokio::test(start_paused = true)]
async fn of_rooms_with_little_in_them_the_rooms_themselves_are_let_go_and_no_more_than_is_needed() {
    // Those are left that take seven eighths.
    let left = 64 * 1024 / 8 * 7 / ROOM_BYTES;
    for (rooms, grace) in [(120, 0), (200, 0), (200, 3)] {
        let (closed, open, bytes) = closed_of(rooms, Duration::from_secs(grace)).await;
        assert_eq!(closed, Vec::from_iter(0..rooms - left), "the longest empty ones of {rooms}, after {grace} s");
        assert_eq!((open, bytes), (left, left * ROOM_BYTES));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_room_with_a_member_keeps_is_let_go_only_if_the_empty_rooms_are_not_enough() {
    let config = Config::default().history_bytes(64 * 1024).room_grace(Duration::from_secs(3600));
    let (app, hub, _, health) = games(config);
    let mut ann = app.connect::<Game>("/game/ann").await.unwrap();
    ann.expect::<Said>().await;
    for name in 0..60 {
        let mut client = app.connect::<Game>(&format!("/game/{name}")).await.unwrap();
        hub.room(&game(name)).send(said("little"));
        client.close();
        app.settle().await;
    }
    // More than half of all that there may be.
    for _ in 0..34 {
        hub.room(&Game::room("ann")).send(said(&"x".repeat(1000)));
    }
    assert!(health.history_bytes() > 64 * 1024);
    tokio::time::sleep(A_LITTLE).await;
    assert!(health.history_bytes() <= 64 * 1024, "{}", health.history_bytes());
    assert_eq!(ann.come_back().await.joined().await.resumed(), Some(34));
}

#[tokio::test(start_paused = true)]
async fn where_rooms_with_members_take_most_of_it_their_messages_keep_half() {
    let (app, hub, _, health) = games(Config::default().history_bytes(64 * 1024));
    let mut clients = Vec::new();
    for name in 0..30 {
        clients.push(app.connect::<Game>(&format!("/game/{name}")).await.unwrap());
    }
    let rooms = 30 * ROOM_BYTES;
    let messages = || health.history_bytes() - rooms;
    for at in 0..36 {
        hub.room(&game(at % 30)).send(said(&"x".repeat(1000)));
    }
    assert!(messages() > 32 * 1024);
    tokio::time::sleep(A_LITTLE).await;
    assert!((29 * 1024..=32 * 1024).contains(&messages()), "{}", messages());
}

#[tokio::test(start_paused = true)]
async fn an_empty_room_that_is_sent_to_again_is_not_the_first_whose_messages_are_let_go() {
    let (app, hub, health) = notes(Config::default().history_bytes(25_000));
    let text = "x".repeat(1000);
    let mut positions = Vec::new();
    for name in ["a", "b"] {
        let mut client = app.connect::<Notes>(&format!("/notes/{name}")).await.unwrap();
        positions.push(hub.room(&room(name)).position().await.unwrap().to_string());
        for _ in 0..5 {
            hub.room(&room(name)).send(said(&text));
        }
        client.close();
        app.settle().await;
        tokio::time::sleep(A_LITTLE).await;
    }
    hub.room(&room("a")).send(said("again"));
    tokio::time::sleep(A_LITTLE).await;
    let _here = app.connect::<Notes>("/notes/c").await.unwrap();
    for _ in 0..10 {
        hub.room(&room("c")).send(said(&text));
    }
    assert!(health.history_bytes() > 25_000);
    tokio::time::sleep(A_LITTLE).await;
    assert_eq!(comes_back(&app, "a", &positions[0]).await.1, "Resumed { missed: 6 }");
    assert_eq!(comes_back(&app, "b", &positions[1]).await.1, "Fresh { reason: Expired }");
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_history_is_let_go_closes_when_its_grace_is_over() {
    let grace = Duration::from_secs(30);
    let (app, hub, log, _) = games(Config::default().history_bytes(5_000).room_grace(grace));
    let mut ann = app.connect::<Game>("/game/1").await.unwrap();
    hub.room(&game(1)).send(said("kept for a minute"));
    ann.close();
    app.settle().await;
    for name in 10..30 {
        opened(&hub, name).await;
        hub.room(&game(name)).send(said("little"));
    }
    tokio::time::sleep(grace - A_LITTLE).await;
    log.take();
    tokio::time::sleep(2 * A_LITTLE).await;
    assert!(log.take().contains(&"close /game/1 7".to_owned()), "half a minute before its history would have ended");
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_an_empty_room_within_its_grace_is_counted_and_let_go_too() {
    let (app, hub, _, health) = games(Config::default().history_bytes(5_000).room_grace(Duration::from_secs(3600)));
    let mut ann = app.connect::<Game>("/game/1").await.unwrap();
    ann.close();
    app.settle().await;
    for _ in 0..5 {
        hub.room(&game(1)).send(said(&"x".repeat(1000)));
    }
    assert!(health.history_bytes() > 5_000);
    tokio::time::sleep(A_LITTLE).await;
    assert_eq!(health.history_bytes(), ROOM_BYTES);
    assert_eq!(hub.stats().rooms, 1, "its grace goes on");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_pages_of_many_rooms_keeps_a_few_open_and_takes_nothing_from_the_others() {
    let config = Config::default().history_bytes(64 * 1024).room_grace(Duration::from_secs(3600));
    let (app, hub, log, health) = games(config);
    let mut ann = app.connect::<Game>("/game/1").await.unwrap();
    let (real, quiet) = (opened(&hub, 1).await, opened(&hub, 2).await);
    ann.close();
    app.settle().await;
    hub.room(&game(1)).send(said("of a real one"));
    let mut last = String::new();
    for name in 1000..1100 {
        last = opened(&hub, name).await;
        assert!(health.history_bytes() < 20 * 1024, "{}", health.history_bytes());
    }
    tokio::time::sleep(A_LITTLE).await;
    assert_eq!(hub.stats().rooms, 1 + MOST_PAGES);
    let closed = log.take().into_iter().filter(|line| line.starts_with("close")).count();
    assert_eq!(closed, 101 - MOST_PAGES, "no grace for rooms that nobody was in");
    assert_eq!(hears_first(&app, 1, &real).await, "of a real one");
    assert_eq!(hears_first(&app, 2, &quiet).await, "the state is 7", "it is opened anew");
    hub.room(&game(1099)).send(said("since the page"));
    assert_eq!(hears_first(&app, 1099, &last).await, "since the page");
    tokio::time::sleep(AGE + A_LITTLE).await;
    app.settle().await;
    let left = hub.stats().rooms;
    assert!(left <= 3, "{left}: those that somebody was in, within their grace");
}

#[tokio::test(start_paused = true)]
async fn pages_of_many_rooms_without_hooks_keep_a_few_open_too() {
    let (app, hub, health) = notes(Config::default().history_bytes(64 * 1024));
    let mut first = String::new();
    for name in 0..100 {
        let position = hub.room(&room(&name.to_string())).position().await.unwrap().to_string();
        if name == 95 {
            first = position;
        }
    }
    assert_eq!((hub.stats().rooms, health.history_bytes()), (MOST_PAGES, MOST_PAGES * ROOM_BYTES));
    hub.room(&room("95")).send(said("since the page"));
    assert_eq!(comes_back(&app, "95", &first).await.1, "Resumed { missed: 1 }");
}

/// Its pages are kept for longer than those of the notes.
#[channel("/archive/:room", history(age = "1h"))]
pub struct Archive {
    room: String,
}

#[channel(sends(Said))]
impl Archive {}

#[tokio::test(start_paused = true)]
async fn the_page_that_was_asked_for_first_is_let_go_first_however_long_it_is_kept() {
    let channels = channels![Notes, Archive];
    let (hub, archive) = (channels.of::<Notes>(), channels.of::<Archive>());
    let app = testing::app(channels.app(()).config(Config::default().history_bytes(64 * 1024)));
    for name in 0..MOST_PAGES {
        archive.room(&Archive::room(&name.to_string())).position().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let position = hub.room(&room("a")).position().await.unwrap().to_string();
    assert_eq!((archive.stats().rooms, hub.stats().rooms), (MOST_PAGES - 1, 1));
    assert_eq!(comes_back(&app, "a", &position).await.1, "Resumed { missed: 0 }");
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_page_is_asked_for_again_is_not_the_first_to_be_let_go() {
    let (_app, hub, _) = notes(Config::default().history_bytes(64 * 1024));
    for name in 0..MOST_PAGES {
        hub.room(&room(&name.to_string())).position().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    hub.room(&room("0")).position().await.unwrap();
    hub.room(&room("new")).position().await.unwrap();
    let is_open = |name: &str| hub.with_room(&room(name), |_, _| ()).is_some();
    assert_eq!((is_open("0"), is_open("1"), is_open("2"), is_open("new")), (true, false, true, true));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_panics_is_the_newcomers_affair() {
    let channels = channels![Game];
    let hub = channels.of::<Game>();
    let app = testing::app(channels.app(Log::default()));
    let mut ann = app.connect::<Game>("/game/panics").await.unwrap();
    assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    assert_eq!(hub.stats().connections, 0);
    let mut bob = app.connect::<Game>("/game/1").await.unwrap();
    assert_eq!(bob.expect::<Said>().await.text, "the state is 7");
}

/// Without hooks, and with a state that is empty at first.
#[channel("/sketch/:id", room_state = Vec<String>, history)]
pub struct Sketch {
    id: String,
}

#[channel(sends(Said))]
impl Sketch {
    fn snapshot(&self, lines: &Vec<String>) -> Said {
        Said { text: lines.last().expect("it panics: there is none").clone() }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_snapshot_panics_is_not_left_behind_where_no_hook_closes_it() {
    let channels = channels![Sketch];
    let hub = channels.of::<Sketch>();
    let server = channels.app(());
    let health = server.health();
    let app = testing::app(server);
    for name in 0..3 {
        let mut ann = app.connect::<Sketch>(&format!("/sketch/{name}")).await.unwrap();
        assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    }
    app.settle().await;
    assert_eq!((hub.stats().rooms, hub.stats().connections, health.history_bytes()), (0, 0, 0));
}
