//! Clients of the testing kit that lose their connection and come back: where they were is what their test has taken.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, TestApp};
use channel_runtime::{Config, Fault, Fresh, Reject, Socket, channel, channels, message};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "tell")]
pub struct Tell {
    table: u64,
    text: String,
}

#[message(type = "sit")]
pub struct Sit {
    table: u64,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table(u64);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/hall/:name", history(size = 4), rooms(Table(history)))]
pub struct Hall {
    name: String,
}

#[channel(sends(Said))]
impl Hall {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }

    #[message]
    fn sit(&self, sit: Sit, socket: &Socket<Self>) {
        socket.join(&Table(sit.table));
    }

    #[message]
    fn tell(&self, tell: Tell, socket: &Socket<Self>) {
        socket.room_of(&Table(tell.table)).send(Said { text: tell.text });
    }
}

/// Who comes fresh hears the newest two first.
#[channel("/stand/:name", history(recent = 2))]
pub struct Stand {
    name: String,
}

#[channel(sends(Said))]
impl Stand {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }
}

#[channel("/street")]
pub struct Street;

#[channel(sends(Said))]
impl Street {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }
}

fn app() -> TestApp<()> {
    testing::app(channels![Hall, Stand, Street].app(()))
}

fn say(text: &str) -> Say {
    Say { text: text.to_owned() }
}

async fn in_hall(app: &TestApp<()>) -> testing::Client<Hall> {
    app.connect("/hall/a").await.unwrap()
}

async fn heard(client: &mut testing::Client<Hall>) -> String {
    client.expect::<Said>().await.text
}

#[tokio::test]
async fn who_was_away_is_sent_what_it_missed() {
    let app = app();
    let (mut ann, mut bob) = (in_hall(&app).await, in_hall(&app).await);
    assert_eq!((ann.joined().await.fresh(), ann.joined().await.resumed()), (Some(Fresh::First), None));
    bob.send(say("1"));
    assert_eq!(heard(&mut ann).await, "1");
    ann.lose();
    bob.send(say("2"));
    bob.send(say("3"));
    let mut ann = ann.come_back().await;
    assert_eq!((ann.joined().await.fresh(), ann.joined().await.resumed()), (None, Some(2)));
    assert_eq!([heard(&mut ann).await, heard(&mut ann).await], ["2", "3"]);
    bob.send(say("4"));
    assert_eq!(heard(&mut ann).await, "4");
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(0));
    ann.expect_nothing().await;
}

#[tokio::test]
async fn what_the_test_has_not_taken_is_sent_again() {
    let app = app();
    let (mut ann, mut bob) = (in_hall(&app).await, in_hall(&app).await);
    for text in ["1", "2", "3"] {
        bob.send(say(text));
    }
    app.settle().await;
    assert_eq!(heard(&mut ann).await, "1");
    ann.lose();
    ann.expect_nothing().await;
    let mut ann = ann.come_back().await;
    // What waits before an answer is not taken by who awaits the answer.
    ann.request(Sit { table: 7 }).success().await;
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(2));
    let texts = ann.take_texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(ann.come_back().await.joined().await.resumed(), Some(0));
}

#[tokio::test]
async fn each_declared_room_goes_on_when_it_is_joined_again() {
    let app = app();
    let (mut ann, mut bob) = (in_hall(&app).await, in_hall(&app).await);
    for client in [&mut ann, &mut bob] {
        client.send(Sit { table: 7 });
    }
    assert_eq!(ann.joined_room("table:7").await.fresh(), Some(Fresh::First));
    assert_eq!(ann.joined_room("table:7").await.id, ann.joined().await.id);
    ann.lose();
    bob.send(Tell { table: 7, text: "at the table".to_owned() });
    bob.send(say("in the hall"));
    let mut ann = ann.come_back().await;
    assert_eq!((ann.joined().await.resumed(), heard(&mut ann).await), (Some(1), "in the hall".to_owned()));
    ann.expect_nothing().await;
    ann.send(Sit { table: 7 });
    assert_eq!(heard(&mut ann).await, "at the table");
    assert_eq!(ann.joined_room("table:7").await.resumed(), Some(1));
    ann.expect_nothing().await;
}

#[tokio::test]
async fn who_missed_more_than_is_kept_begins_anew() {
    let app = app();
    let (mut ann, mut bob) = (in_hall(&app).await, in_hall(&app).await);
    ann.lose();
    for n in 0..5 {
        bob.send(say(&n.to_string()));
    }
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.fresh(), Some(Fresh::Expired));
    ann.expect_nothing().await;
    // A position of another server is one of no room.
    let other = self::app();
    let mut there = other.connect::<Hall>("/hall/a").query("$resume", "1-2.1-3:7").await.unwrap();
    assert_eq!(there.joined().await.fresh(), Some(Fresh::Replaced));
}

#[tokio::test]
async fn who_hears_the_newest_first_and_is_lost_in_between_hears_the_rest() {
    let app = app();
    let mut bob = app.connect::<Stand>("/stand/a").await.unwrap();
    for text in ["1", "2", "3"] {
        bob.send(say(text));
    }
    app.settle().await;
    let mut ann = app.connect::<Stand>("/stand/a").await.unwrap();
    assert_eq!(ann.joined().await.fresh(), Some(Fresh::First));
    assert_eq!(ann.expect::<Said>().await.text, "2");
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(1));
    assert_eq!(ann.expect::<Said>().await.text, "3");
    ann.expect_nothing().await;
}

#[tokio::test]
async fn the_position_of_a_page_is_a_client_s_first() {
    let channels = channels![Hall];
    let halls = channels.of::<Hall>();
    let app = testing::app(channels.app(()));
    let mut bob = in_hall(&app).await;
    bob.send(say("on the page"));
    app.settle().await;
    let position = halls.room(&Hall::room("a")).position().await.unwrap();
    bob.send(say("behind the page"));
    app.settle().await;
    let mut ann = app.connect::<Hall>("/hall/a").query("$resume", position.as_str()).await.unwrap();
    assert_eq!((ann.joined().await.resumed(), heard(&mut ann).await), (Some(1), "behind the page".to_owned()));
    // What it was connected with is given back no more: it has a position of its own.
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(0));
}

#[tokio::test]
async fn who_resumes_elsewhere_says_from_then_on_where_it_is_there() {
    let (one, other) = (app(), app());
    let mut ann = in_hall(&one).await;
    ann.send(Sit { table: 7 });
    assert_eq!(ann.joined_room("table:7").await.fresh(), Some(Fresh::First));
    let mut ann = other.connect::<Hall>("/hall/a").resuming(ann).await.unwrap();
    assert_eq!(ann.joined().await.fresh(), Some(Fresh::Replaced));
    ann.send(Sit { table: 7 });
    assert_eq!(ann.joined_room("table:7").await.fresh(), Some(Fresh::Replaced));
    let mut bob = in_hall(&other).await;
    bob.send(Sit { table: 7 });
    bob.send(Tell { table: 7, text: "1".to_owned() });
    assert_eq!(heard(&mut ann).await, "1");
    ann.lose();
    bob.send(Tell { table: 7, text: "2".to_owned() });
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(0));
    ann.send(Sit { table: 7 });
    assert_eq!(ann.joined_room("table:7").await.resumed(), Some(1));
    assert_eq!(heard(&mut ann).await, "2");
    // The same on one app.
    let mut ann = other.connect::<Hall>("/hall/a").resuming(ann).await.unwrap();
    ann.send(Sit { table: 7 });
    assert_eq!(ann.joined_room("table:7").await.resumed(), Some(0));
    bob.send(Tell { table: 7, text: "3".to_owned() });
    assert_eq!(heard(&mut ann).await, "3");
    let mut ann = ann.come_back().await;
    ann.send(Sit { table: 7 });
    assert_eq!(ann.joined_room("table:7").await.resumed(), Some(0));
    ann.expect_nothing().await;
}

/// How `on_connect` ends.
#[derive(Clone, Copy, Debug, Default)]
enum How {
    #[default]
    Well,
    Fails,
    TakesTooLong,
    Panics,
}

#[derive(Default)]
pub struct Doorman(Mutex<How>);

impl Doorman {
    fn set(&self, how: How) {
        *self.0.lock().unwrap() = how;
    }
}

#[channel("/club/:name", app = Doorman, history)]
pub struct Club {
    name: String,
}

#[channel(sends(Said))]
impl Club {
    async fn on_connect(&mut self, socket: &Socket<Self>, doorman: &Doorman) -> Result<(), Fault> {
        if socket.joined().fresh().is_some() {
            socket.send(Said { text: format!("welcome to {}", self.name) });
        }
        let how = *doorman.0.lock().unwrap();
        match how {
            How::Well => Ok(()),
            How::Fails => Err(Fault::new(Fault::FORBIDDEN, "it is full")),
            How::TakesTooLong => std::future::pending().await,
            How::Panics => panic!("the test wants it"),
        }
    }
}

fn club() -> (TestApp<Doorman>, Arc<Doorman>) {
    let doorman = Arc::new(Doorman::default());
    let config = Config::default().handler_timeout(Duration::from_secs(1));
    (testing::app(channels![Club].app_arc(Arc::clone(&doorman)).config(config)), doorman)
}

async fn in_club(app: &TestApp<Doorman>) -> testing::Client<Club> {
    app.connect("/club/a").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_is_closed_before_on_connect_has_returned_begins_anew_and_is_told_all_of_it() {
    for how in [How::Fails, How::TakesTooLong, How::Panics] {
        let (app, doorman) = club();
        // It keeps the room open.
        let _bob = in_club(&app).await;
        doorman.set(how);
        let mut ann = in_club(&app).await;
        assert_eq!(ann.expect::<Said>().await.text, "welcome to a");
        doorman.set(How::Well);
        let mut ann = ann.come_back().await;
        assert_eq!(ann.joined().await.fresh(), Some(Fresh::First), "{how:?}");
        assert_eq!(ann.expect::<Said>().await.text, "welcome to a");
        let mut ann = ann.come_back().await;
        assert_eq!(ann.joined().await.resumed(), Some(0), "{how:?}");
        ann.expect_nothing().await;
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_are_refused_take_resuming_from_nobody_who_was_let_in() {
    let (app, doorman) = club();
    // It keeps the room open.
    let _dan = in_club(&app).await;
    let (mut ann, mut bob) = (in_club(&app).await, in_club(&app).await);
    ann.lose();
    doorman.set(How::Fails);
    let mut refused = in_club(&app).await;
    refused.lose();
    doorman.set(How::Well);
    let mut cat = in_club(&app).await;
    doorman.set(How::Fails);
    for _ in 0..1025 {
        in_club(&app).await.lose();
    }
    doorman.set(How::Well);
    for client in [&mut cat, &mut bob] {
        client.lose();
    }
    app.settle().await;
    for (client, name) in [(ann, "ann"), (bob, "bob"), (cat, "cat")] {
        assert_eq!(client.come_back().await.joined().await.resumed(), Some(0), "{name}");
    }
    assert_eq!(refused.come_back().await.joined().await.fresh(), Some(Fresh::First));
}

#[tokio::test]
async fn without_a_history_who_comes_back_is_told_of_none() {
    let app = app();
    let mut ann = app.connect::<Street>("/street").knowing().await.unwrap();
    ann.lose();
    let mut ann = ann.come_back().await;
    assert_eq!((ann.joined().await.fresh(), ann.joined().await.resumed()), (None, None));
    let mut unknowing = app.connect::<Street>("/street").await.unwrap().come_back().await;
    ann.send(say("hello"));
    assert_eq!(unknowing.expect::<Said>().await.text, "hello");
}

#[derive(Default)]
pub struct Door {
    is_shut: AtomicBool,
}

#[channel("/house", app = Door, history)]
pub struct House;

#[channel]
impl House {
    fn authorize(&self, door: &Door) -> Result<(), Reject> {
        if door.is_shut.load(Ordering::SeqCst) { Err(Reject::forbidden("the door is shut")) } else { Ok(()) }
    }
}

#[tokio::test]
#[should_panic(expected = "the client can't come back: 403: the door is shut")]
async fn who_is_refused_can_not_come_back() {
    let door = Arc::new(Door::default());
    let app = testing::app(channels![House].app_arc(Arc::clone(&door)));
    let ann = app.connect::<House>("/house").await.unwrap();
    door.is_shut.store(true, Ordering::SeqCst);
    ann.come_back().await;
}
