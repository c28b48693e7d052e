//! Notices: what the server tells a handler from outside, in order, between its messages, and never on the wire.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    CloseCode, Config, ConnectionId, Extract, Fault, Handshake, Hub, Reject, Sent, Socket, channel, channels, message,
};
use tokio::sync::Notify;
use tokio::sync::oneshot::error::TryRecvError;

/// What a client is told of what its handler was told.
#[message(type = "told")]
#[derive(Debug, PartialEq)]
pub struct Told {
    what: String,
}

#[message(type = "say")]
pub struct Say {
    what: String,
}

#[message(type = "hello")]
pub struct Hello {
    id: String,
}

/// To be kept.
#[derive(Clone)]
pub struct Note(String);

/// To be told to the client.
#[derive(Clone)]
pub struct Echo(String);

/// What the handler makes of it.
#[derive(Clone)]
pub enum Misfortune {
    Fault,
    Panic,
    Wait,
}

/// Not to be cloned: it asks what was kept.
pub struct Question(tokio::sync::oneshot::Sender<Vec<String>>);

/// Notices that make the next one, for as long as the connection lasts.
#[derive(Clone)]
pub struct Flood;

/// Its drop panics.
#[derive(Clone)]
pub struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a trap");
        }
    }
}

#[derive(Default)]
pub struct App {
    gate: Notify,
    /// Some handler runs, anywhere.
    runs: AtomicBool,
    closed: AtomicUsize,
    after_close: AtomicBool,
    /// Of the client that came last.
    socket: Mutex<Option<Socket<Desk>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserId(String);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for UserId {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl<A: Sync> Extract<A> for UserId {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        handshake.query_param("user").map(Self).ok_or_else(|| Reject::absent("who is it?"))
    }
}

#[channel("/desk/:room", app = App)]
pub struct Desk {
    room: String,
    #[extract]
    user: UserId,
    #[state]
    notes: Vec<String>,
}

#[channel(sends(Told, Hello))]
impl Desk {
    fn identity(&self) -> &UserId {
        &self.user
    }

    async fn on_connect(&mut self, socket: &Socket<Self>, app: &App) -> Hello {
        if self.room == "slow" {
            app.gate.notified().await;
            self.notes.push("connected".into());
        }
        *app.socket.lock().unwrap() = Some(socket.clone());
        Hello { id: socket.id().to_string() }
    }

    /// Says what it was told until now, in order.
    #[message]
    async fn say(&mut self, say: Say, app: &App) -> Told {
        self.run(app, say.what).await;
        Told { what: self.notes.join(" ") }
    }

    /// Takes note of it when the gate opens.
    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) {
        assert!(!app.runs.swap(true, Ordering::SeqCst), "one at a time");
        app.gate.notified().await;
        app.runs.store(false, Ordering::SeqCst);
        self.notes.push("waited".into());
    }

    #[message(type = "tell_myself")]
    fn tell_myself(&mut self, socket: &Socket<Self>) -> Told {
        assert!(socket.notify(Note("later".into())).is_complete());
        self.notes.push("first".into());
        Told { what: self.notes.join(" ") }
    }

    #[message(type = "tell_others")]
    fn tell_others(&mut self, socket: &Socket<Self>) -> Told {
        let sent = socket.others().notify(Echo("from a neighbour".into()));
        Told { what: sent.recipients.to_string() }
    }

    #[notice]
    async fn note(&mut self, n: Note, app: &App) {
        self.run(app, n.0).await;
    }

    #[notice]
    fn echo(&self, n: Echo) -> Option<Told> {
        (!n.0.is_empty()).then_some(Told { what: n.0 })
    }

    #[notice]
    async fn misfortune(&mut self, n: Misfortune) -> Result<(), Fault> {
        match n {
            Misfortune::Fault => Err(Fault::new("desk.broken", "no luck")),
            Misfortune::Panic => panic!("no luck at all"),
            Misfortune::Wait => std::future::pending().await,
        }
    }

    #[notice]
    fn question(&self, n: Question) {
        // Who asked has gone.
        let _ = n.0.send(self.notes.clone());
    }

    #[notice]
    fn flood(&self, n: Flood, socket: &Socket<Self>, app: &App) {
        app.after_close.fetch_or(app.closed.load(Ordering::SeqCst) > 0, Ordering::SeqCst);
        socket.notify(n);
    }

    #[notice]
    fn trap(&self, n: Trap) {
        std::mem::forget(n);
    }

    fn on_close(&mut self, socket: &Socket<Self>, app: &App) {
        assert_eq!(socket.notify(Note("too late".into())).refused, 1);
        app.closed.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes note, with others' turns in between; nothing else of this connection runs meanwhile.
    async fn run(&mut self, app: &App, note: String) {
        assert!(!app.runs.swap(true, Ordering::SeqCst), "one at a time");
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        app.runs.store(false, Ordering::SeqCst);
        self.notes.push(note);
    }
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
    hub: Hub<Desk>,
}

impl Test {
    fn new(config: Config) -> Self {
        let channels = channels![Desk];
        let hub = channels.of::<Desk>();
        let shared = Arc::new(App::default());
        Self { app: testing::app(channels.app_arc(shared.clone()).config(config)), shared, hub }
    }

    /// A client that has been greeted, and its connection.
    async fn client(&self, room: &str, user: &str) -> (Client<Desk>, ConnectionId) {
        let mut client = self.app.connect::<Desk>(&format!("/desk/{room}")).query("user", user).await.unwrap();
        let id = client.expect::<Hello>().await.id.parse().unwrap();
        (client, id)
    }

    fn closed(&self) -> usize {
        self.shared.closed.load(Ordering::SeqCst)
    }
}

fn counted(sent: Sent) -> (usize, usize) {
    (sent.recipients, sent.refused)
}

fn say(what: &str) -> Say {
    Say { what: what.into() }
}

fn note(n: usize) -> Note {
    Note(n.to_string())
}

fn told(what: &str) -> Told {
    Told { what: what.into() }
}

#[tokio::test]
async fn every_audience_can_be_told() {
    let test = Test::new(Config::default());
    let hub = &test.hub;
    let (mut phone, phone_id) = test.client("a", "ann").await;
    let (mut laptop, laptop_id) = test.client("b", "ann").await;
    let (mut bob, bob_id) = test.client("a", "bob").await;
    let [ann, nobody] = ["ann", "nobody"].map(|name| UserId(name.into()));
    let echo = || Echo("news".into());
    let a = Desk::room("a");

    let notices: [(&dyn Fn() -> Sent, _); 10] = [
        (&|| hub.user(&ann).notify(echo()), [1, 1, 0]),
        (&|| hub.user(&nobody).notify(echo()), [0, 0, 0]),
        (&|| hub.users([&ann, &nobody, &ann]).notify(echo()), [1, 1, 0]),
        (&|| hub.room(&a).notify(echo()), [1, 0, 1]),
        (&|| hub.rooms([Desk::room("a"), Desk::room("b"), Desk::room("a")]).notify(echo()), [1, 1, 1]),
        (&|| hub.room(&a).except(phone_id).notify(echo()), [0, 0, 1]),
        (&|| hub.all().except_user(&ann).notify(echo()), [0, 0, 1]),
        (&|| hub.all().notify(echo()), [1, 1, 1]),
        (&|| hub.connection(laptop_id).notify(echo()), [0, 1, 0]),
        (&|| hub.connection(bob_id).except(bob_id).notify(echo()), [0, 0, 0]),
    ];
    for (notify, expected) in notices {
        let sent = notify();
        assert_eq!(counted(sent), (expected.iter().sum(), 0));
        for (client, expected) in [&mut phone, &mut laptop, &mut bob].into_iter().zip(expected) {
            if expected == 1 {
                assert_eq!(client.expect::<Told>().await, told("news"));
            }
            client.expect_nothing().await;
        }
    }

    phone.send(DeskFromClient::TellOthers);
    assert_eq!(phone.expect::<Told>().await, told("1"));
    assert_eq!(bob.expect::<Told>().await, told("from a neighbour"));
    laptop.expect_nothing().await;
    phone.expect_nothing().await;
}

#[tokio::test]
async fn what_is_told_to_one_need_not_be_cloned_and_can_ask_back() {
    let test = Test::new(Config::default());
    let (_client, id) = test.client("a", "ann").await;
    test.hub.connection(id).notify(Note("noted".into()));
    let (answer, answered) = tokio::sync::oneshot::channel();
    assert!(test.hub.connection(id).notify(Question(answer)).is_complete());
    assert_eq!(answered.await.unwrap(), ["noted"]);
}

#[tokio::test]
async fn notices_are_handled_in_the_order_told_and_beside_no_other_handler() {
    let test = Test::new(Config::default());
    let (mut client, id) = test.client("a", "ann").await;
    client.send(DeskFromClient::Wait);
    client.send(say("said"));
    tokio::task::yield_now().await;
    for n in 0..10 {
        test.hub.connection(id).notify(note(n));
    }
    test.shared.gate.notify_one();
    // The message had come when the notices were told: one of them goes before it, for they take turns.
    assert_eq!(client.expect::<Told>().await, told("waited 0 said"));
    test.app.settle().await;
    client.send(say("end"));
    assert_eq!(client.expect::<Told>().await, told("waited 0 said 1 2 3 4 5 6 7 8 9 end"));
}

#[tokio::test]
async fn all_has_settled_when_all_notices_are_handled() {
    let test = Test::new(Config::default());
    let (_client, id) = test.client("a", "ann").await;
    for n in 0..50 {
        test.hub.connection(id).notify(note(n));
    }
    test.app.settle().await;
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    test.hub.connection(id).notify(Question(answer));
    test.app.settle().await;
    assert_eq!(answered.try_recv().unwrap().len(), 50);
}

#[tokio::test]
async fn a_handler_that_tells_itself_is_told_when_it_has_returned() {
    let test = Test::new(Config::default());
    let (mut client, _) = test.client("a", "ann").await;
    client.send(DeskFromClient::TellMyself);
    assert_eq!(client.expect::<Told>().await, told("first"));
    test.app.settle().await;
    client.send(say("end"));
    assert_eq!(client.expect::<Told>().await, told("first later end"));
}

#[tokio::test]
async fn notices_wait_until_on_connect_has_returned() {
    let test = Test::new(Config::default());
    let connecting = test.app.connect::<Desk>("/desk/slow").query("user", "ann").without_waiting();
    let mut client = connecting.await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(counted(test.hub.all().notify(Note("noted".into()))), (1, 0));
    test.shared.gate.notify_one();
    client.expect::<Hello>().await;
    client.send(say("end"));
    assert_eq!(client.expect::<Told>().await, told("connected noted end"));
}

#[tokio::test]
async fn at_most_256_wait_for_one_connection() {
    let test = Test::new(Config::default());
    let (mut busy, id) = test.client("a", "ann").await;
    let (_idle, _) = test.client("a", "bob").await;
    busy.send(DeskFromClient::Wait);
    while !test.shared.runs.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    for n in 0..256 {
        assert_eq!(counted(test.hub.connection(id).notify(note(n))), (1, 0), "{n}");
    }
    assert_eq!(counted(test.hub.connection(id).notify(Note("one too many".into()))), (1, 1));
    assert_eq!(counted(test.hub.all().notify(Echo("one too many for one".into()))), (2, 1));
    assert_eq!(test.hub.stats().send_refused, 2);

    test.shared.gate.notify_one();
    test.app.settle().await;
    busy.send(say("end"));
    let all: Vec<String> = (0..256).map(|n| n.to_string()).collect();
    assert_eq!(busy.expect::<Told>().await, told(&format!("waited {} end", all.join(" "))));
    assert_eq!(counted(test.hub.connection(id).notify(note(0))), (1, 0), "there is room again");
}

#[tokio::test(start_paused = true)]
async fn what_befalls_the_handler_of_a_notice_is_as_in_any_handler() {
    let test = Test::new(Config::default().handler_timeout(Duration::from_secs(5)));
    let (mut witness, _) = test.client("a", "bob").await;
    let (mut client, id) = test.client("a", "ann").await;
    test.hub.connection(id).notify(Misfortune::Fault);
    assert_eq!(client.expect_error("desk.broken").await.message, "no luck");
    test.hub.connection(id).notify(Misfortune::Wait);
    client.expect_error(Fault::TIMEOUT).await;
    client.send(say("still here"));
    assert_eq!(client.expect::<Told>().await, told("still here"));

    test.hub.connection(id).notify(Misfortune::Panic);
    assert_eq!(client.expect_close().await.0, CloseCode::INTERNAL);
    test.app.settle().await;
    assert_eq!(test.closed(), 1);
    witness.expect_nothing().await;
}

#[tokio::test]
async fn nothing_is_told_once_the_connection_ends() {
    let test = Test::new(Config::default());
    let (mut client, id) = test.client("a", "ann").await;
    client.send(DeskFromClient::Wait);
    while !test.shared.runs.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    // What waits when the connection is closed is dropped with it, whoever still holds its socket; one of the two panics.
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    test.hub.connection(id).notify(Question(answer));
    test.hub.connection(id).notify(Trap);
    test.hub.connection(id).disconnect(CloseCode::NORMAL, "bye");
    assert_eq!(counted(test.hub.connection(id).notify(Misfortune::Panic)), (1, 1));
    test.shared.gate.notify_one();
    assert_eq!(client.expect_close().await, (CloseCode::NORMAL, "bye".into()));
    test.app.settle().await;
    assert_eq!((test.closed(), answered.try_recv()), (1, Err(TryRecvError::Closed)));
    assert_eq!(counted(test.hub.connection(id).notify(Misfortune::Panic)), (0, 0));
}

#[tokio::test]
async fn a_flood_of_notices_keeps_neither_messages_nor_the_end_waiting() {
    let test = Test::new(Config::default());
    let (mut client, id) = test.client("a", "ann").await;
    test.hub.connection(id).notify(Flood);
    client.send(say("one"));
    assert_eq!(client.expect::<Told>().await, told("one"));
    client.send(say("two"));
    client.close();
    assert_eq!(client.expect::<Told>().await, told("one two"));
    assert_eq!(client.expect_close().await.0, CloseCode::NORMAL);
    test.app.settle().await;
    assert_eq!((test.closed(), test.shared.after_close.load(Ordering::SeqCst)), (1, false));
}
