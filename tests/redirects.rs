//! Moves to another room of a path, as clients are told of them.

use std::sync::{Arc, Mutex};

use channel_runtime::testing::{self, TestApp};
use channel_runtime::{
    Close, CloseCode, Extract, Handshake, Hub, Reject, Room, RoomOf, Socket, channel, channels, message,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

#[message(type = "go")]
pub struct Go {
    to: u32,
}

pub struct Ticket(u32);

impl std::fmt::Display for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Default)]
pub struct App {
    /// How connections ended.
    ends: Mutex<Vec<Close>>,
    /// Told when a handshake has come to where it waits.
    waits: Notify,
    /// Permits for those who wait there.
    gate: Gate,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl App {
    async fn wait(&self) {
        self.waits.notify_one();
        self.gate.0.acquire().await.expect("it is never closed").forget();
    }
}

pub struct Name {
    name: String,
    /// Where the handshake waits.
    waits: Option<String>,
}

impl Extract<App> for Name {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let waits = handshake.query_param("waits");
        if waits.as_deref() == Some("unknown") {
            app.wait().await;
        }
        Ok(Self { name: handshake.query_param("name").unwrap_or_default(), waits })
    }
}

/// Nobody may enter the thirteenth, and nobody stays at the fifth.
#[channel("/desk/:number", history, rooms(Ticket(history)), app = App)]
pub struct Desk {
    number: u32,
    #[extract]
    name: Name,
}

#[channel(sends(Line))]
impl Desk {
    fn identity(&self) -> &String {
        &self.name.name
    }

    async fn authorize(&self, app: &App) -> Result<(), Reject> {
        if self.name.waits.as_deref() == Some("pending") {
            app.wait().await;
        }
        match self.number {
            13 => Err(Reject::forbidden("not this one")),
            _ => Ok(()),
        }
    }

    fn on_connect(&self, socket: &Socket<Self>) -> Line {
        socket.join(&Ticket(7));
        if self.number == 5 {
            socket.redirect(&Self::room(&6));
        }
        Line { text: format!("{} at {}", self.name.name, self.number) }
    }

    #[message]
    fn go(&self, go: Go, socket: &Socket<Self>) {
        socket.send(Line { text: "last".into() });
        socket.redirect(&Self::room(&go.to));
        socket.send(Line { text: "too late".into() });
    }

    fn on_close(&mut self, close: Close, app: &App) {
        app.ends.lock().unwrap().push(close);
    }
}

struct Office {
    shared: Arc<App>,
    app: TestApp<App>,
    desks: Hub<Desk>,
}

type Client = testing::Client<Desk>;

impl Office {
    fn new() -> Self {
        let channels = channels![Desk];
        let desks = channels.of::<Desk>();
        let shared = Arc::new(App::default());
        Self { app: testing::app(channels.app_arc(Arc::clone(&shared))), shared, desks }
    }

    /// A handshake of ann's that has come to where it waits.
    async fn late(&self, desk: u32, waits: &str) -> BoxFuture<'_, Result<Client, Reject>> {
        let connect = self.app.connect::<Desk>(&format!("/desk/{desk}")).query("name", "ann").query("waits", waits);
        let mut late = connect.without_waiting().boxed();
        assert!((&mut late).now_or_never().is_none());
        self.shared.waits.notified().await;
        late
    }

    async fn client(&self, name: &str, desk: u32) -> Client {
        let mut client =
            self.app.connect::<Desk>(&format!("/desk/{desk}?name={name}")).await.expect("nobody is refused");
        client.expect::<Line>().await;
        client
    }

    fn at(&self, desk: u32) -> usize {
        self.desks.room(&Desk::room(&desk)).len()
    }
}

fn line(text: &str) -> Line {
    Line { text: text.into() }
}

#[tokio::test(start_paused = true)]
async fn a_client_follows_to_the_other_room_with_its_query_and_enters_it_as_any() {
    let office = Office::new();
    let mut ann = office.client("ann", 3).await;
    assert_eq!(office.desks.user("ann").redirect(&Desk::room(&8)), 1);
    let closing = ann.closing().await;
    assert_eq!((closing.to.as_deref(), closing.retry_after.as_millis()), (Some("/desk/8"), 0));
    assert_eq!(closing.retry_window.as_millis(), 1, "one comes at once");
    assert_eq!(ann.expect_close().await, (CloseCode::MOVED, "/desk/8".to_owned()));
    let mut ann = ann.follow().await;
    assert_eq!(ann.expect::<Line>().await, line("ann at 8"));
    assert!(ann.joined().await.fresh().is_some(), "it is another room");
    assert_eq!((office.at(3), office.at(8)), (0, 1));
    // It comes back to where it was moved.
    ann.lose();
    let mut ann = ann.come_back().await;
    assert_eq!(ann.expect::<Line>().await, line("ann at 8"));
}

#[tokio::test(start_paused = true)]
async fn each_audience_is_moved_and_who_is_there_already_stays() {
    let office = Office::new();
    let (ann, bob, eve) = (office.client("ann", 3).await, office.client("bob", 3).await, office.client("eve", 8).await);
    let to = Desk::room(&8);
    assert_eq!(office.desks.room(&Desk::room(&3)).only_user("ann").redirect(&to), 1);
    let ann = ann.follow().await;
    assert_eq!(office.desks.all().except_user("bob").redirect(&to), 0);
    assert_eq!(office.desks.all().redirect(&to), 1);
    let bob = bob.follow().await;
    assert_eq!(office.at(8), 3);
    assert_eq!(office.desks.room(&Ticket(7)).redirect(&Desk::room(&9)), 3);
    let (mut ann, bob, eve) = (ann.follow().await, bob.follow().await, eve.follow().await);
    assert_eq!((office.at(8), office.at(9)), (0, 3));
    assert_eq!(ann.expect::<Line>().await, line("ann at 9"));
    drop((bob, eve));
}

#[tokio::test(start_paused = true)]
async fn who_is_on_the_way_to_that_room_goes_on_and_who_is_on_the_way_to_another_comes_at_once() {
    for waits in ["unknown", "pending"] {
        let office = Office::new();
        let there = office.late(8, waits).await;
        let elsewhere = office.late(4, waits).await;
        let mut ann = office.client("ann", 3).await;
        let moved = office.desks.user("ann").redirect(&Desk::room(&8));
        assert_eq!(moved, if waits == "pending" { 2 } else { 1 }, "of whom it is known");
        assert_eq!(ann.closing().await.to.as_deref(), Some("/desk/8"));
        office.shared.gate.0.add_permits(3);
        let (there, elsewhere) = futures::join!(there, elsewhere);
        let (mut there, mut elsewhere) = (there.unwrap(), elsewhere.unwrap());
        assert_eq!(there.expect::<Line>().await, line("ann at 8"));
        there.expect_nothing().await;
        let closing = elsewhere.closing().await;
        assert_eq!((closing.to.as_deref(), closing.retry_window.as_millis()), (Some("/desk/8"), 1));
        let mut followed = elsewhere.follow().await;
        assert_eq!(followed.expect::<Line>().await, line("ann at 8"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_moved_as_it_enters_follows_and_is_sent_nothing_in_the_room_before() {
    let office = Office::new();
    let mut ann = office.app.connect::<Desk>("/desk/5?name=ann").await.unwrap();
    assert_eq!(ann.closing().await.to.as_deref(), Some("/desk/6"));
    assert_eq!(ann.expect_close().await, (CloseCode::MOVED, "/desk/6".to_owned()));
    let mut ann = ann.follow().await;
    assert_eq!(ann.expect::<Line>().await, line("ann at 6"));
    assert_eq!((office.at(5), office.at(6)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_handler_moves_its_own_client_behind_what_was_sent_before() {
    let office = Office::new();
    let mut ann = office.client("ann", 3).await;
    ann.send(Go { to: 3 });
    assert_eq!(
        (ann.expect::<Line>().await, ann.expect::<Line>().await),
        (line("last"), line("too late")),
        "it is there"
    );
    ann.send(Go { to: 4 });
    assert_eq!(ann.expect::<Line>().await, line("last"));
    assert_eq!(ann.expect_close().await, (CloseCode::MOVED, "/desk/4".to_owned()));
    let mut ann = ann.follow().await;
    assert_eq!(ann.expect::<Line>().await, line("ann at 4"));
    let ends = office.shared.ends.lock().unwrap().clone();
    assert_eq!((ends.len(), ends[0].code, &*ends[0].reason), (1, Some(CloseCode::MOVED), "/desk/4"));
}

#[tokio::test(start_paused = true)]
async fn positions_in_declared_rooms_are_kept_and_that_of_the_path_is_not() {
    let office = Office::new();
    let mut ann = office.client("ann", 3).await;
    assert!(ann.joined_room("ticket:7").await.fresh().is_some());
    office.desks.room(&Desk::room(&3)).redirect(&Desk::room(&8));
    office.desks.room(&Ticket(7)).send(line("ticket"));
    let mut ann = ann.follow().await;
    assert_eq!(ann.joined_room("ticket:7").await.resumed(), Some(1));
    assert_eq!((ann.expect::<Line>().await, ann.expect::<Line>().await), (line("ticket"), line("ann at 8")));
}

#[tokio::test(start_paused = true)]
async fn a_room_of_a_declared_kind_moves_nobody() {
    let office = Office::new();
    let mut ann = office.client("ann", 3).await;
    let ticket: Room<Desk> = RoomOf::<Desk>::room(&Ticket(7));
    assert_eq!(office.desks.all().redirect(&ticket), 0);
    ann.expect_nothing().await;
    assert_eq!(office.at(3), 1);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "not this one")]
async fn who_may_not_enter_the_other_room_is_refused_there() {
    let office = Office::new();
    let ann = office.client("ann", 3).await;
    office.desks.all().redirect(&Desk::room(&13));
    ann.follow().await;
}

/// A path of over 123 bytes has no place in a Close.
#[channel("/page/:name")]
pub struct Page {
    name: String,
}

#[channel]
impl Page {
    #[message(type = "hello")]
    fn hello(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_room_is_the_same_one_whatever_its_path_escapes() {
    let channels = channels![Page];
    let pages = channels.of::<Page>();
    let app = testing::app(channels.app(()));
    let mut there = app.connect::<Page>("/page/a%20b").await.unwrap();
    let mut elsewhere = app.connect::<Page>("/page/a%2520b").await.unwrap();
    assert_eq!(pages.all().redirect(&Page::room("a b")), 1);
    assert_eq!(elsewhere.expect_close().await, (CloseCode::MOVED, "/page/a%20b".to_owned()));
    there.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn an_application_may_close_with_the_code_of_a_move_and_moves_nobody() {
    let office = Office::new();
    let (mut ann, mut bob) = (office.client("ann", 3).await, office.client("bob", 8).await);
    let pending = office.late(8, "pending").await;
    assert_eq!(office.desks.users(["ann", "bob"]).disconnect(CloseCode::MOVED, "/desk/8"), 3, "who is there, too");
    for client in [&mut ann, &mut bob, &mut pending.await.unwrap()] {
        assert_eq!(client.expect_close().await, (CloseCode::MOVED, "/desk/8".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_knows_no_frames_is_told_the_path_as_the_reason() {
    let channels = channels![Page];
    let pages = channels.of::<Page>();
    let app = testing::app(channels.app(()));
    let long = "a".repeat(118);
    for (to, reason) in [("a b", "/page/a%20b"), (&long[..117], &*format!("/page/{}", &long[..117])), (&long, "moved")]
    {
        let mut old = app.connect::<Page>("/page/x").await.unwrap();
        let mut knowing = app.connect::<Page>("/page/x").knowing().await.unwrap();
        assert_eq!(pages.all().redirect(&Page::room(to)), 2);
        assert_eq!(old.expect_close().await, (CloseCode::MOVED, reason.to_owned()));
        let closing = knowing.closing().await;
        assert_eq!(json!(closing.to), json!(Page::room(to).path()));
        assert_eq!(closing.retry_window.as_millis(), 2);
    }
}
