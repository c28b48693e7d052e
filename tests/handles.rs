//! Sockets, hubs and audiences as values: where they may go, what they keep, and whom those from outside reach.

mod support;

use std::cell::Cell;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Answer, Audience, Batched, Bytes, Channels, Close, CloseCode, Config, ConnectionId, DecodeError, Fault, Hub, Many,
    OneRoom, OwnRoom, Reject, Room, Server, Socket, User, Users, channel, channels, message,
};
use support::{Raw, masked, start, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// A handler that is `Send`, as it must be, and not `Sync`.
#[channel("/cell")]
pub struct Celled {
    #[state]
    count: Cell<u32>,
}

#[channel]
impl Celled {
    #[message(type = "count")]
    fn count(&mut self) {
        self.count.set(self.count.get() + 1);
    }
}

#[test]
fn handles_go_anywhere_whatever_their_channel_is_made_of() {
    fn shared<T: Send + Sync + 'static>() {}
    fn shared_and_cloned<T: Clone + Send + Sync + 'static>() {}

    shared_and_cloned::<Socket<Celled>>();
    shared_and_cloned::<Hub<Celled>>();
    shared_and_cloned::<Room<Celled>>();
    shared_and_cloned::<User>();
    shared::<Audience<Celled, OwnRoom>>();
    shared::<Audience<Celled, OneRoom>>();
    shared::<Audience<Celled, Many>>();
    shared::<Answer<Celled>>();
    shared::<Users>();
    shared::<Channels<Vec<u8>>>();
    shared::<Server<Vec<u8>>>();
}

#[message(type = "word")]
pub struct Word {}

pub struct Keeper(mpsc::UnboundedSender<Socket<Kept>>);

#[channel("/kept", app = Keeper)]
pub struct Kept;

#[channel(sends(Word))]
impl Kept {
    fn on_connect(&self, socket: &Socket<Self>, app: &Keeper) {
        app.0.send(socket.clone()).expect("the test keeps it");
    }
}

#[tokio::test]
async fn a_socket_that_is_kept_keeps_no_descriptor() {
    let (keeper, mut kept) = mpsc::unbounded_channel();
    let config = Config::default().close_timeout(Duration::from_millis(1));
    let server = start(channels![Kept].app(Keeper(keeper)).config(config)).await;
    let stream = within(TcpStream::connect(server.addr)).await.unwrap().into_std().unwrap();
    let mut writer = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
    let mut raw = Raw::new(TcpStream::from_std(stream).unwrap());
    raw.upgrade("/kept").await;
    let socket = within(kept.recv()).await.unwrap();
    socket.close(CloseCode::NORMAL, "");
    raw.expect_close(1000, "").await;
    // The client goes on: while the server has a descriptor its kernel takes what is written, or has the client wait.
    let ping = masked(0x89, "anybody?");
    let error = within(async {
        loop {
            if let Err(error) = writer.write_all(&ping).await {
                return error;
            }
        }
    });
    let kind = error.await.kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind:?}");
    assert_eq!(socket.send(Word {}).refused, 1, "it is still a socket, of a client that is gone");
}

/// What is talked about, as a kind of room.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Topic(String);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn topic(name: &str) -> Topic {
    Topic(name.into())
}

#[message(type = "join")]
pub struct Join {
    topic: String,
}

#[message(type = "who")]
pub struct Who {
    id: String,
}

#[channel("/desk/:user", rooms(Topic))]
pub struct Desk {
    user: String,
}

#[channel(sends(Who, Word, Bytes))]
impl Desk {
    fn identity(&self) -> &String {
        &self.user
    }

    fn on_connect(&self, socket: &Socket<Self>) -> Who {
        Who { id: socket.id().to_string() }
    }

    #[message]
    fn join(&self, join: Join, socket: &Socket<Self>) {
        assert!(socket.join(&Topic(join.topic)));
    }
}

/// Ann on two devices, Bob and Eve on one each. The first device of Ann's follows tea and milk, Bob milk alone.
struct Office {
    app: TestApp<()>,
    hub: Hub<Desk>,
    ann: Client<Desk>,
    ann_id: ConnectionId,
    ann2: Client<Desk>,
    bob: Client<Desk>,
    eve: Client<Desk>,
}

async fn office() -> Office {
    let channels = channels![Desk];
    let hub = channels.of::<Desk>();
    let app = testing::app(channels.app(()));
    let (mut ann, ann_id) = sit(&app, "ann").await;
    let (ann2, _) = sit(&app, "ann").await;
    let (mut bob, _) = sit(&app, "bob").await;
    let (eve, _) = sit(&app, "eve").await;
    for (client, topic) in [(&mut ann, "tea"), (&mut bob, "milk")] {
        client.request(Join { topic: topic.into() }).success().await;
    }
    ann.request(Join { topic: "milk".into() }).success().await;
    Office { app, hub, ann, ann_id, ann2, bob, eve }
}

async fn sit(app: &TestApp<()>, user: &str) -> (Client<Desk>, ConnectionId) {
    let mut client = app.connect::<Desk>(&format!("/desk/{user}")).await.unwrap();
    let Who { id } = client.expect().await;
    (client, id.parse().unwrap())
}

#[tokio::test]
async fn bytes_reach_each_client_of_an_audience_once() {
    let Office { hub, mut ann, ann_id, mut ann2, mut bob, mut eve, .. } = office().await;
    let (ann_name, bob_name) = ("ann".to_owned(), "bob".to_owned());
    let users = hub.users([&ann_name, &bob_name, &ann_name]);
    assert_eq!(users.send_bytes("users".into()).recipients, 3);
    let topics = hub.rooms([topic("tea"), topic("milk"), topic("milk"), topic("none")]);
    assert_eq!(topics.send_bytes("topics".into()).recipients, 2);
    let desks = hub.rooms([Desk::room("ann"), Desk::room("eve")]);
    assert_eq!(desks.except(ann_id).send_bytes("desks".into()).recipients, 2);
    assert_eq!(hub.all().except(ann_id).send_bytes("all but one".into()).recipients, 3);
    assert_eq!(hub.users([&ann_name]).except(ann_id).send_bytes("the other".into()).recipients, 1);
    let heard: [(&mut Client<Desk>, &[&str]); 4] = [
        (&mut ann, &["users", "topics"]),
        (&mut ann2, &["users", "desks", "all but one", "the other"]),
        (&mut bob, &["users", "topics", "all but one"]),
        (&mut eve, &["desks", "all but one"]),
    ];
    for (client, heard) in heard {
        for data in heard {
            assert_eq!(client.expect_binary().await, data);
        }
        client.expect_nothing().await;
    }
}

#[tokio::test]
async fn a_hubs_audience_leaves_out_whom_it_excepts() {
    let Office { hub, mut ann, ann_id, mut ann2, .. } = office().await;
    let desk = hub.room(&Desk::room("ann")).except(ann_id);
    assert_eq!((desk.len(), desk.send(Word {}).recipients), (1, 1));
    assert!(hub.connection(ann_id).except(ann_id).is_empty());
    ann2.expect::<Word>().await;
    ann.expect_nothing().await;
}

#[tokio::test]
async fn users_and_rooms_are_disconnected_each_client_once_and_told_why() {
    let Office { app, hub, mut ann, ann_id, mut ann2, mut bob, mut eve } = office().await;
    let ann_name = "ann".to_owned();
    let others = hub.users([&ann_name, &ann_name]).except(ann_id);
    assert_eq!(others.disconnect(CloseCode::TOO_MANY, "one device is enough"), 1);
    assert_eq!(ann2.expect_close().await, (CloseCode::TOO_MANY, "one device is enough".into()));
    let topics = hub.rooms([topic("tea"), topic("milk"), topic("none")]);
    topics.send_bytes("goodbye".into());
    assert_eq!(topics.disconnect(CloseCode::NOT_FOUND, "closed for today"), 2);
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect_binary().await, "goodbye");
        assert_eq!(client.expect_close().await, (CloseCode::NOT_FOUND, "closed for today".into()));
    }
    app.settle().await;
    assert!(topics.is_empty() && others.is_empty());
    assert_eq!(hub.all().len(), 1);
    eve.expect_nothing().await;
}

/// What its tasks and its hooks tell.
pub struct Ledger(mpsc::UnboundedSender<&'static str>);

impl Ledger {
    /// From a task: who starts one has to own what it takes along.
    fn tell(self: &Arc<Self>, what: &'static str) {
        let ledger = Arc::clone(self);
        tokio::spawn(async move { ledger.0.send(what) });
    }
}

#[derive(Clone)]
pub struct Nudge;

#[message(type = "entry")]
pub struct Entry {}

#[message(type = "entries")]
pub struct Entries {}

/// Each of its methods takes the app as it is shared.
#[channel("/books/:name", app = Ledger, room_state = u32)]
pub struct Books {
    name: String,
}

#[channel(sends(Word))]
impl Books {
    fn authorize(&self, app: &Arc<Ledger>) -> Result<(), Reject> {
        app.tell("authorize");
        Ok(())
    }

    fn on_room_open(_room: &Room<Self>, app: &Arc<Ledger>) -> Result<u32, Fault> {
        app.tell("on_room_open");
        Ok(0)
    }

    async fn on_connect(&mut self, app: &std::sync::Arc<Ledger>) {
        app.tell("on_connect");
    }

    #[message]
    async fn entry(&mut self, _: Entry, app: &Arc<Ledger>, socket: &Socket<Self>) -> Word {
        assert!(Arc::ptr_eq(app, &socket.app()));
        app.tell("a message");
        Word {}
    }

    /// As most do.
    #[message(type = "plain")]
    async fn plain(&self, app: &Ledger) {
        app.0.send("a message, by reference").expect("the test listens");
    }

    #[message(batch(size = 1, wait = "1ms"))]
    fn entries(batch: Vec<Batched<Self, Entries>>, app: &Arc<Ledger>) {
        assert_eq!(batch.len(), 1);
        app.tell("a batch");
    }

    #[message(type = "beside", concurrent = 2)]
    async fn beside(&self, app: &Arc<Ledger>) {
        app.tell("a concurrent message");
    }

    #[notice]
    fn nudged(&self, _: Nudge, app: &Arc<Ledger>) {
        app.tell("a notice");
    }

    fn on_binary(&self, _data: Bytes, app: &Arc<Ledger>) {
        app.tell("on_binary");
    }

    fn on_invalid(&self, _error: DecodeError, app: &Arc<Ledger>) {
        app.tell("on_invalid");
    }

    fn on_close(&self, _close: Close, app: &Arc<Ledger>) {
        app.tell("on_close");
    }

    fn on_room_close(_room: &Room<Self>, _state: u32, app: &Arc<Ledger>) {
        app.tell("on_room_close");
    }
}

#[tokio::test]
async fn whoever_is_lent_the_app_can_have_it_as_it_is_shared() {
    let (ledger, mut told) = mpsc::unbounded_channel();
    let channels = channels![Books];
    let hub = channels.of::<Books>();
    let app = testing::app(channels.app(Ledger(ledger)));
    let mut client = app.connect::<Books>("/books/main").await.unwrap();
    let mut expect = async |what| assert_eq!(within(told.recv()).await, Some(what));
    for hook in ["authorize", "on_room_open", "on_connect"] {
        expect(hook).await;
    }
    client.send(Entry {});
    client.expect::<Word>().await;
    expect("a message").await;
    client.request(BooksFromClient::Plain).success().await;
    expect("a message, by reference").await;
    client.request(Entries {}).success().await;
    expect("a batch").await;
    client.request(BooksFromClient::Beside).success().await;
    expect("a concurrent message").await;
    hub.all().notify(Nudge);
    expect("a notice").await;
    client.binary("x");
    expect("on_binary").await;
    client.send_text("no JSON");
    expect("on_invalid").await;
    client.expect_error(Fault::MALFORMED).await;
    client.close();
    expect("on_close").await;
    expect("on_room_close").await;
}

/// Its app is an `Arc` itself, as the struct says.
#[channel("/shared", app = Arc<Ledger>)]
pub struct Shared;

#[channel(sends(Word))]
impl Shared {
    #[message]
    fn entry(&self, _: Entry, app: &Arc<Ledger>) -> Word {
        app.tell("a message");
        Word {}
    }

    #[message(type = "plain")]
    fn plain(&self, socket: &Socket<Self>, app: &Ledger) {
        socket.app().tell("from a socket");
        app.0.send("a message, by reference").expect("the test listens");
    }
}

#[tokio::test]
async fn an_app_that_is_an_arc_itself_is_lent_as_that() {
    let (ledger, mut told) = mpsc::unbounded_channel();
    let app = testing::app(channels![Shared].app(Arc::new(Ledger(ledger))));
    let mut client = app.connect::<Shared>("/shared").await.unwrap();
    client.send(Entry {});
    client.expect::<Word>().await;
    assert_eq!(within(told.recv()).await, Some("a message"));
    client.request(SharedFromClient::Plain).success().await;
    assert_eq!(within(told.recv()).await, Some("a message, by reference"));
    assert_eq!(within(told.recv()).await, Some("from a socket"));
}

#[tokio::test]
async fn a_socket_has_the_app_and_keeps_it_no_longer_than_the_server_does() {
    let (keeper, mut kept) = mpsc::unbounded_channel();
    let keeper = Arc::new(Keeper(keeper));
    let app = testing::app(channels![Kept].app_arc(Arc::clone(&keeper)));
    let client = app.connect::<Kept>("/kept").await.unwrap();
    let socket = within(kept.recv()).await.unwrap();
    assert!(Arc::ptr_eq(&socket.app(), &keeper));
    let left = Arc::downgrade(&keeper);
    drop((client, app, keeper));
    within(socket.closed()).await;
    within(async {
        while left.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[test]
fn a_socket_in_a_test_has_the_app_that_it_is_given() {
    let (ledger, _told) = mpsc::unbounded_channel();
    let ledger = Arc::new(Ledger(ledger));
    let socket = testing::socket::<Books>().with_app(Arc::clone(&ledger));
    assert!(Arc::ptr_eq(&socket.app(), &ledger));
    let without = testing::socket::<Books>();
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| without.app()));
    assert!(asked.is_err());
}

#[message(type = "seats")]
pub struct Seats {
    taken: usize,
}

/// A method of one's own, of a name that other frameworks have.
trait Emit {
    fn emit(&self, word: Word) -> usize;
}

impl Emit for Socket<Table> {
    fn emit(&self, word: Word) -> usize {
        self.room().send(word).recipients
    }
}

trait Members {
    fn head_count(&self) -> usize;
}

impl<C: channel_runtime::Channel, K> Members for Audience<C, K> {
    fn head_count(&self) -> usize {
        self.len()
    }
}

#[channel("/table/:name", room_state = usize)]
pub struct Table {
    name: String,
}

#[channel(sends(Word, Seats))]
impl Table {
    fn identity(&self) -> &String {
        &self.name
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.room().with(|taken, room| {
            *taken += 1;
            let sent = room.except(socket.id()).send(Seats { taken: *taken });
            assert_eq!((sent.recipients + 1, room.len()), (*taken, *taken));
            assert_eq!((room.only_user(&self.name).len(), room.except_user(&self.name).len()), (*taken, 0));
        });
    }

    #[message]
    fn entry(&self, _: Entry, socket: &Socket<Self>) {
        assert_eq!(socket.emit(Word {}), socket.room().head_count());
    }
}

#[tokio::test]
async fn an_audience_is_made_smaller_within_the_state_of_its_room() {
    let app = testing::app(channels![Table].app(()));
    let mut first = app.connect::<Table>("/table/round").await.unwrap();
    let mut second = app.connect::<Table>("/table/round").await.unwrap();
    assert_eq!(first.expect::<Seats>().await.taken, 2);
    second.expect_nothing().await;
    first.send(Entry {});
    first.expect::<Word>().await;
    second.expect::<Word>().await;
}
