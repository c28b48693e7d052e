//! Rooms as places: opened once before the first is in, closed once after the last has left and the grace is over; never two
//! states alive for one room, and none lost.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, Config, Fault, Hub, Room, Socket, channel, channels, message};
use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::advance;

#[message(type = "write")]
pub struct Write {
    line: String,
}

#[message(type = "page")]
#[derive(Debug, PartialEq)]
pub struct Page {
    lines: Vec<String>,
}

/// A room's state, which only the app can make.
pub struct Book {
    lines: Vec<String>,
    /// Which opening made it.
    opening: usize,
    alive: Arc<AtomicUsize>,
}

impl Drop for Book {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
pub struct App {
    /// What was saved, by room.
    saved: Mutex<HashMap<String, Vec<String>>>,
    log: Mutex<Vec<String>>,
    openings: AtomicUsize,
    alive: Arc<AtomicUsize>,
    gate: Notify,
    /// Of who came last.
    socket: Mutex<Option<Socket<Library>>>,
}

impl App {
    fn log(&self, what: &str, room: &Room<Library>) {
        let name = room.path().expect("a path's room").trim_start_matches("/library/");
        self.log.lock().unwrap().push(format!("{what} {name}"));
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }
}

#[channel("/library/:room", app = App, room_state = Book)]
pub struct Library {
    room: String,
}

#[channel(sends(Page))]
impl Library {
    async fn on_room_open(room: &Room<Self>, app: &App) -> Result<Book, Fault> {
        app.log("opens", room);
        match room.path().unwrap() {
            "/library/slow" | "/library/slow_and_closed" => app.gate.notified().await,
            "/library/hangs" => std::future::pending().await,
            _ => yield_now().await,
        }
        match room.path().unwrap() {
            "/library/closed" | "/library/slow_and_closed" => {
                return Err(Fault::new("library.closed", "come back later"));
            }
            "/library/private" => return Err(Fault::forbidden("not for you")),
            "/library/burns" => panic!("on fire"),
            _ => {}
        }
        let opening = app.openings.fetch_add(1, Ordering::SeqCst);
        app.alive.fetch_add(1, Ordering::SeqCst);
        let lines = app.saved.lock().unwrap().get(room.name()).cloned().unwrap_or_default();
        Ok(Book { lines, opening, alive: app.alive.clone() })
    }

    async fn on_room_close(app: &App, state: Book, room: &Room<Self>) {
        app.log("closes", room);
        match room.path().unwrap() {
            "/library/slow_to_close" => app.gate.notified().await,
            "/library/never_closes" => std::future::pending().await,
            "/library/burns_down" => panic!("on fire"),
            _ => yield_now().await,
        }
        app.saved.lock().unwrap().insert(room.name().into(), state.lines.clone());
        app.log("closed", room);
    }

    fn on_connect(&self, socket: &Socket<Self>, app: &App) -> Page {
        app.log("enters", &Self::room(&self.room));
        *app.socket.lock().unwrap() = Some(socket.clone());
        Page { lines: socket.room().with(|book, _| book.lines.clone()) }
    }

    #[message]
    fn write(&mut self, write: Write, socket: &Socket<Self>) -> Page {
        socket.room().with(|book, _| {
            book.lines.push(write.line);
            Page { lines: book.lines.clone() }
        })
    }

    fn on_close(&self, socket: &Socket<Self>, app: &App) {
        socket.room().with(|book, _| book.lines.push("left".into()));
        app.log("leaves", &Self::room(&self.room));
    }
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
    hub: Hub<Library>,
}

impl Test {
    fn new(config: Config) -> Self {
        let channels = channels![Library];
        let hub = channels.of::<Library>();
        let shared = Arc::new(App::default());
        Self { app: testing::app(channels.app_arc(shared.clone()).config(config)), shared, hub }
    }

    /// A client that is in, and what it has read there.
    async fn client(&self, room: &str) -> (Client<Library>, Vec<String>) {
        let mut client = self.app.connect::<Library>(&format!("/library/{room}")).await.unwrap();
        let lines = client.expect::<Page>().await.lines;
        (client, lines)
    }

    /// As [`client`](Self::client), where something else is in flight, and remains so.
    async fn client_of_many(&self, room: &str) -> (Client<Library>, Vec<String>) {
        let mut client = self.comer(room).await;
        let lines = client.expect::<Page>().await.lines;
        (client, lines)
    }

    /// One that comes, and waits for the room.
    async fn comer(&self, room: &str) -> Client<Library> {
        let client = self.app.connect::<Library>(&format!("/library/{room}")).without_waiting().await.unwrap();
        turns().await;
        client
    }

    /// All have left and what follows is done.
    async fn leave(&self, clients: impl IntoIterator<Item = Client<Library>>) {
        drop(clients.into_iter().collect::<Vec<_>>());
        self.app.settle().await;
    }

    fn len(&self, room: &str) -> usize {
        self.hub.room(&Library::room(room)).len()
    }
}

/// So many turns that all tasks that can have done what they can.
async fn turns() {
    for _ in 0..20 {
        yield_now().await;
    }
}

fn grace(seconds: u64) -> Config {
    Config::default().room_grace(Duration::from_secs(seconds))
}

fn line(text: &str) -> Write {
    Write { line: text.into() }
}

#[tokio::test]
async fn a_room_is_loaded_before_the_first_is_in_and_saved_after_the_last_has_left() {
    let test = Test::new(Config::default());
    let (mut ann, lines) = test.client("a").await;
    assert_eq!(lines, [""; 0]);
    ann.send(line("one"));
    ann.expect::<Page>().await;
    let (bob, lines) = test.client("a").await;
    assert_eq!(lines, ["one"]);
    test.leave([ann]).await;
    assert_eq!(test.shared.take_log(), ["opens a", "enters a", "enters a", "leaves a"]);

    test.leave([bob]).await;
    assert_eq!(test.shared.take_log(), ["leaves a", "closes a", "closed a"]);
    assert_eq!((test.shared.alive(), test.len("a")), (0, 0));
    assert!(test.hub.with_room(&Library::room("a"), |_, _| ()).is_none());

    let (eve, lines) = test.client("a").await;
    assert_eq!(lines, ["one", "left", "left"]);
    test.leave([eve]).await;
    assert_eq!(test.shared.openings.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn all_who_come_at_once_wait_for_one_opening_which_outlives_the_first() {
    let test = Test::new(Config::default());
    let first = test.comer("slow").await;
    let mut others = [test.comer("slow").await, test.comer("slow").await, test.comer("slow").await];
    assert_eq!((test.shared.take_log(), test.len("slow")), (vec!["opens slow".into()], 0));
    drop(first);
    turns().await;
    assert_eq!(test.hub.room(&Library::room("slow")).send(Page { lines: vec![] }).recipients, 0);
    test.client_of_many("b").await;

    test.shared.take_log();
    test.shared.gate.notify_one();
    for client in &mut others {
        client.expect::<Page>().await;
    }
    test.app.settle().await;
    assert_eq!((test.len("slow"), test.shared.openings.load(Ordering::SeqCst)), (3, 2));
    assert!(!test.shared.take_log().contains(&"opens slow".into()));
    test.leave(others).await;
    assert_eq!(test.shared.alive(), 0);
}

#[tokio::test]
async fn all_who_wait_are_told_why_a_room_does_not_open_and_the_next_tries_again() {
    let test = Test::new(Config::default());
    let mut waiting = [test.comer("slow_and_closed").await, test.comer("slow_and_closed").await];
    test.shared.gate.notify_one();
    for client in &mut waiting {
        assert_eq!(client.expect_error("library.closed").await.message, "come back later");
        assert_eq!(client.expect_close().await, (CloseCode::TRY_AGAIN, "the room can't be opened".into()));
    }
    let mut next = test.comer("slow_and_closed").await;
    test.shared.gate.notify_one();
    next.expect_error("library.closed").await;
    assert_eq!(test.shared.take_log(), ["opens slow_and_closed", "opens slow_and_closed"]);

    for (room, fault, code) in [
        ("closed", "library.closed", CloseCode::TRY_AGAIN),
        ("private", Fault::FORBIDDEN, CloseCode::FORBIDDEN),
        ("burns", Fault::INTERNAL, CloseCode::INTERNAL),
        ("burns", Fault::INTERNAL, CloseCode::INTERNAL),
    ] {
        let mut client = test.app.connect::<Library>(&format!("/library/{room}")).await.unwrap();
        client.expect_error(fault).await;
        assert_eq!(client.expect_close().await.0, code);
    }
    test.app.settle().await;
    assert_eq!(test.shared.take_log(), ["opens closed", "opens private", "opens burns", "opens burns"]);
}

#[tokio::test(start_paused = true)]
async fn an_opening_has_the_time_that_a_handler_has() {
    let test = Test::new(Config::default().handler_timeout(Duration::from_secs(5)));
    let mut client = test.comer("hangs").await;
    client.expect_error(Fault::TIMEOUT).await;
    assert_eq!(client.expect_close().await.0, CloseCode::TRY_AGAIN);
}

#[tokio::test(start_paused = true)]
async fn within_the_grace_a_room_is_found_as_it_was_left() {
    let test = Test::new(grace(30));
    let room = Library::room("a");
    let (mut ann, _) = test.client("a").await;
    ann.send(line("one"));
    test.leave([ann]).await;
    assert_eq!((test.len("a"), test.shared.alive()), (0, 1));
    assert_eq!(test.hub.room(&room).send(Page { lines: vec![] }).recipients, 0);
    assert_eq!(test.hub.with_room(&room, |book, room| (book.lines.len(), room.len())), Some((2, 0)));

    for _ in 0..3 {
        advance(Duration::from_secs(29)).await;
        turns().await;
        let (client, lines) = test.client("a").await;
        assert_eq!(lines[..2], ["one", "left"]);
        advance(Duration::from_secs(100)).await;
        turns().await;
        test.leave([client]).await;
    }
    test.shared.take_log();
    advance(Duration::from_millis(29_900)).await;
    turns().await;
    assert_eq!((test.shared.take_log(), test.shared.alive()), (vec![], 1));
    advance(Duration::from_millis(200)).await;
    turns().await;
    assert_eq!((test.shared.take_log(), test.shared.alive()), (vec!["closes a".into(), "closed a".into()], 0));
    assert_eq!(test.hub.with_room(&room, |_, _| ()), None);
    assert_eq!(test.client("a").await.1.len(), 5);
    assert_eq!(test.shared.openings.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn whoever_comes_while_a_room_closes_has_it_opened_anew() {
    let test = Test::new(Config::default());
    let (ann, _) = test.client("slow_to_close").await;
    drop(ann);
    turns().await;
    assert_eq!(test.shared.take_log().last().unwrap(), "closes slow_to_close");
    let mut next = [test.comer("slow_to_close").await, test.comer("slow_to_close").await];
    assert_eq!(test.shared.take_log(), [""; 0], "they wait");
    test.shared.gate.notify_one();
    for client in &mut next {
        assert_eq!(client.expect::<Page>().await.lines, ["left"], "what was saved");
    }
    test.app.settle().await;
    let log = test.shared.take_log();
    assert_eq!(log[..2], ["closed slow_to_close", "opens slow_to_close"]);
    assert_eq!((test.shared.openings.load(Ordering::SeqCst), test.shared.alive()), (2, 1));
    drop(next);
    turns().await;
    test.shared.gate.notify_one();
    test.app.settle().await;
}

#[tokio::test]
async fn a_closing_that_panics_leaves_no_ruin() {
    let test = Test::new(Config::default());
    for opening in 0..3 {
        let (client, lines) = test.client("burns_down").await;
        assert_eq!((lines.len(), test.shared.openings.load(Ordering::SeqCst)), (0, opening + 1));
        test.leave([client]).await;
        assert_eq!(test.shared.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_closes_its_rooms_at_once_and_waits_for_that() {
    let test = Test::new(grace(3600));
    let (ann, _) = test.client("a").await;
    test.leave([ann]).await;
    let (mut bob, _) = test.client("b").await;
    test.shared.take_log();
    let begun = tokio::time::Instant::now();
    test.app.drain().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(bob.expect_close().await.0, CloseCode::GOING_AWAY);
    let log = test.shared.take_log();
    for expected in ["closed a", "leaves b", "closed b"] {
        assert!(log.contains(&expected.into()), "{expected}: {log:?}");
    }
    assert_eq!((log.len(), test.shared.alive()), (5, 0));

    let mut late = test.comer("late").await;
    assert_eq!(late.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(test.shared.take_log(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_grace_without_end_lasts_until_the_server_stops() {
    let test = Test::new(Config::default().room_grace(Duration::MAX));
    let (ann, _) = test.client("a").await;
    test.leave([ann]).await;
    for _ in 0..3 {
        advance(Duration::from_secs(20 * 60 * 60)).await;
        turns().await;
        assert_eq!(test.shared.alive(), 1);
    }
    test.app.drain().await;
    assert_eq!((test.shared.alive(), test.shared.take_log().pop()), (0, Some("closed a".into())));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_left_often_waits_once() {
    let test = Test::new(grace(30).ping_interval(None));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let (client, _) = test.client("a").await;
        test.leave([client]).await;
        turns().await;
        seen.push(tasks());
    }
    // And the task that looks after connections, which outlives the last of them by a moment.
    assert_eq!(seen, [2; 10]);
    advance(Duration::from_secs(31)).await;
    turns().await;
    assert_eq!((tasks(), test.shared.alive()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_no_room_for_ever() {
    let test = Test::new(Config::default().shutdown_timeout(Duration::from_secs(3)));
    let mut waits = test.comer("hangs").await;
    let (leaves, _) = test.client_of_many("never_closes").await;
    drop(leaves);
    turns().await;
    let begun = tokio::time::Instant::now();
    test.app.drain().await;
    assert_eq!(waits.expect_close().now_or_never().unwrap().0, CloseCode::GOING_AWAY);
    // To give up, and as long again for what saves.
    assert_eq!((begun.elapsed().as_secs(), test.shared.alive()), (6, 0));
}

#[tokio::test]
async fn a_socket_kept_beyond_its_room_finds_no_state() {
    let test = Test::new(Config::default());
    let (client, _) = test.client("a").await;
    let kept = test.shared.socket.lock().unwrap().take().unwrap();
    test.leave([client]).await;
    assert!(catch_unwind(AssertUnwindSafe(|| kept.room().with(|_, _| ()))).is_err());
    let (_next, _) = test.client("a").await;
    assert_eq!(kept.room().with(|book, _| book.opening), 1);
}

#[tokio::test]
async fn a_test_socket_is_given_the_state_that_a_hook_would_make() {
    let socket = testing::socket::<Library>();
    let given = Book { lines: vec!["given".into()], opening: 7, alive: Arc::new(AtomicUsize::new(1)) };
    assert!(catch_unwind(AssertUnwindSafe(|| socket.room().with(|_, _| ()))).is_err());
    let socket = socket.with_room_state(given);
    assert_eq!(socket.room().with(|book, _| (book.lines.len(), book.opening)), (1, 7));
}

#[channel("/corner/:name", room_grace = "2min", room_state = Vec<u8>)]
pub struct Corner {
    name: String,
}

#[channel]
impl Corner {
    fn on_connect(&self, socket: &Socket<Self>) {
        socket.room().with(|seen, _| seen.push(self.name.len() as u8));
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_has_a_grace_of_its_own_and_needs_no_hooks() {
    let channels = channels![Corner];
    let hub = channels.of::<Corner>();
    let app = testing::app(channels.app(()).config(grace(1)));
    let seen = || hub.with_room(&Corner::room("a"), |seen, _| seen.len());
    for visit in 1..4 {
        drop(app.connect::<Corner>("/corner/a").await.unwrap());
        app.settle().await;
        advance(Duration::from_secs(119)).await;
        turns().await;
        assert_eq!(seen(), Some(visit));
    }
    advance(Duration::from_secs(2)).await;
    turns().await;
    assert_eq!(seen(), None);
}

/// What is told of a room by its hooks and its members; each call fails the test where it can't be.
#[derive(Default)]
struct Ledger {
    openings: usize,
    closings: usize,
    /// The opening whose state is alive.
    open: Option<usize>,
    /// A hook of it runs.
    is_busy: bool,
    here: usize,
}

#[derive(Default)]
pub struct City {
    squares: Mutex<HashMap<String, Ledger>>,
    random: Mutex<Random>,
    wrong: Mutex<Vec<String>>,
}

/// A small generator of numbers: the same program for the same seed.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

impl City {
    fn below(&self, bound: usize) -> usize {
        self.random.lock().unwrap().below(bound)
    }

    async fn dawdle(&self) {
        for _ in 0..self.below(4) {
            yield_now().await;
        }
    }

    /// Acts on what is known of a square; `check` says whether it may be so.
    fn note(&self, what: &str, square: &str, check: impl FnOnce(&mut Ledger) -> bool) {
        let mut squares = self.squares.lock().unwrap();
        let ledger = squares.entry(square.into()).or_default();
        if !check(ledger) {
            self.wrong.lock().unwrap().push(format!("{what} {square}"));
        }
    }
}

#[channel("/square/:name", app = City, room_state = usize)]
pub struct Square {
    name: String,
}

#[channel]
impl Square {
    async fn on_room_open(room: &Room<Self>, app: &City) -> Result<usize, Fault> {
        let mut opening = 0;
        app.note("opened while open", room.name(), |square| {
            opening = square.openings;
            square.openings += 1;
            !std::mem::replace(&mut square.is_busy, true) && square.open.is_none() && square.here == 0
        });
        app.dawdle().await;
        let outcome = app.below(6);
        app.note("opened twice", room.name(), |square| {
            square.open = (outcome > 1).then_some(opening);
            if outcome <= 1 {
                square.closings += 1;
            }
            std::mem::replace(&mut square.is_busy, false)
        });
        match outcome {
            0 => Err(Fault::new("square.closed", "a market")),
            1 => earthquake(),
            _ => Ok(opening),
        }
    }

    async fn on_room_close(room: &Room<Self>, state: usize, app: &City) {
        app.note("closed while closed, or not left", room.name(), |square| {
            square.closings += 1;
            !std::mem::replace(&mut square.is_busy, true) && square.open == Some(state) && square.here == 0
        });
        app.dawdle().await;
        app.note("closed twice", room.name(), |square| {
            square.open.take() == Some(state) && std::mem::replace(&mut square.is_busy, false)
        });
        if app.below(5) == 0 {
            earthquake();
        }
    }

    async fn on_connect(&self, socket: &Socket<Self>, app: &City) {
        let state = socket.room().with(|state, _| *state);
        app.note("entered while closed", Self::room(&self.name).name(), |square| {
            square.here += 1;
            !square.is_busy && square.open == Some(state)
        });
        app.dawdle().await;
    }

    async fn on_close(&self, socket: &Socket<Self>, app: &City) {
        app.dawdle().await;
        let state = socket.room().with(|state, _| *state);
        app.note("left while closed", Self::room(&self.name).name(), |square| {
            square.here -= 1;
            !square.is_busy && square.open == Some(state)
        });
    }
}

/// A panic that prints nothing.
fn earthquake() -> ! {
    std::panic::resume_unwind(Box::new("an earthquake"))
}

/// Comes to squares and leaves them, and drains in the end; `grace` in milliseconds of a clock that stands still.
async fn live(seed: u64, grace: u64) {
    let channels = channels![Square];
    let hub = channels.of::<Square>();
    let city = Arc::new(City { random: Mutex::new(Random(seed)), ..City::default() });
    let config = Config::default().room_grace(Duration::from_millis(grace)).ping_interval(None);
    let app = testing::app(channels.app_arc(city.clone()).config(config));
    let mut random = Random(seed);
    let mut clients: Vec<Client<Square>> = Vec::new();
    for _ in 0..300 {
        match random.below(10) {
            0..5 if clients.len() < 6 => {
                let square = random.below(3);
                clients.push(app.connect(&format!("/square/{square}")).without_waiting().await.unwrap());
            }
            0..8 if !clients.is_empty() => {
                let at = random.below(clients.len());
                let mut client = clients.swap_remove(at);
                if random.below(2) == 0 {
                    client.close();
                }
            }
            8 if grace > 0 => advance(Duration::from_millis(random.below(3) as u64 * grace / 2)).await,
            _ => {}
        }
        match random.below(20) {
            0 | 1 => clients.clear(),
            // On several threads the others get far behind else.
            2 | 3 => app.settle().await,
            _ => {}
        }
        for _ in 0..random.below(4) {
            yield_now().await;
        }
    }
    app.drain().await;
    drop(clients);
    app.settle().await;
    assert_eq!(*city.wrong.lock().unwrap(), [""; 0], "seed {seed}, grace {grace}");
    let squares = city.squares.lock().unwrap();
    assert!(squares.values().any(|square| square.openings > 3), "seed {seed}: too little happened");
    for (name, square) in &*squares {
        let Ledger { openings, closings, open, is_busy, here } = square;
        let is_closed = openings == closings && open.is_none() && !is_busy && *here == 0;
        assert!(is_closed, "seed {seed}, {name}: {openings} openings, {closings} closings, {here} here");
        assert!(hub.with_room(&Square::room(name.trim_start_matches("/square/")), |_, _| ()).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_a_room_is_opened_and_closed_in_turns() {
    for seed in 0..60 {
        live(seed, 0).await;
        live(seed, 20).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn on_several_threads_too() {
    for seed in 0..40 {
        live(seed, 0).await;
    }
}
