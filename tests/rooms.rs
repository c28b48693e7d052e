//! Rooms: their names, their state, and what is left when they empty.

use std::sync::atomic::{AtomicUsize, Ordering};

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, Hub, Room, Socket, channel, channels, message};

#[message(type = "add")]
pub struct Add {
    n: i64,
}

#[message(type = "total")]
#[derive(Debug, PartialEq)]
pub struct Total {
    total: i64,
    here: usize,
}

/// The state of a room: how many of these there are is counted.
pub struct Sum {
    total: i64,
}

static OPEN: AtomicUsize = AtomicUsize::new(0);

impl Default for Sum {
    fn default() -> Self {
        OPEN.fetch_add(1, Ordering::SeqCst);
        Self { total: 0 }
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

#[channel("/sum/:number", room_state = Sum)]
pub struct Summing {
    number: u32,
}

#[channel(sends(Total))]
impl Summing {
    #[message]
    fn add(&self, add: Add, socket: &Socket<Self>) {
        assert_ne!(self.number, 0);
        socket.room().with(|sum, room| {
            sum.total += add.n;
            room.send(Total { total: sum.total, here: room.len() });
        });
    }

    #[message(type = "with_in_with")]
    fn with_in_with(&self, socket: &Socket<Self>) {
        socket.room().with(|_, room| room.with(|_, _| ()));
    }

    #[message(type = "panic_in_with")]
    fn panic_in_with(&self, socket: &Socket<Self>) {
        socket.room().with(|_, _| panic!("inside `with`"));
    }

    #[message(type = "send_in_send_with")]
    fn send_in_send_with(&self, socket: &Socket<Self>) {
        socket.room().send_with(|room| {
            socket.room().send(Total { total: 0, here: 0 });
            Total { total: 0, here: room.len() }
        });
    }

    #[message(type = "ask_in_send_with")]
    fn ask_in_send_with(&self, socket: &Socket<Self>) {
        socket.room().send_with(|_| Total { total: 0, here: socket.room_of(&Summing::room(&7)).len() });
    }

    fn on_close(&self, socket: &Socket<Self>) {
        socket.room().with(|sum, room| room.send(Total { total: sum.total, here: room.len() }));
    }
}

fn start() -> (TestApp<()>, Hub<Summing>) {
    let channels = channels![Summing, Keys];
    let hub = channels.of::<Summing>();
    (testing::app(channels.app(())), hub)
}

/// The tests that open such rooms, one after the other; each leaves none behind.
static COUNTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn the_members_of_a_room_share_its_state_until_it_empties() {
    let _counting = COUNTING.lock().await;
    let (app, hub) = start();
    let room = Summing::room(&1);
    assert_eq!((OPEN.load(Ordering::SeqCst), hub.with_room(&room, |sum, _| sum.total)), (0, None));

    let mut ann = app.connect::<Summing>("/sum/1").await.unwrap();
    let mut bob = app.connect::<Summing>("/sum/1").await.unwrap();
    let mut eve = app.connect::<Summing>("/sum/2").await.unwrap();
    assert_eq!(OPEN.load(Ordering::SeqCst), 2);
    ann.send(Add { n: 40 });
    bob.send(Add { n: 2 });
    app.settle().await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect::<Total>().await, Total { total: 40, here: 2 });
        assert_eq!(client.expect::<Total>().await, Total { total: 42, here: 2 });
    }
    eve.expect_nothing().await;
    assert_eq!(hub.with_room(&room, |sum, room| (sum.total, room.len())), Some((42, 2)));

    drop(bob);
    assert_eq!(ann.expect::<Total>().await, Total { total: 42, here: 1 });
    drop(ann);
    app.settle().await;
    assert_eq!((OPEN.load(Ordering::SeqCst), hub.room(&room).len()), (1, 0), "the room and its state are gone");

    let mut ann = app.connect::<Summing>("/sum/1").await.unwrap();
    ann.send(Add { n: 1 });
    assert_eq!(ann.expect::<Total>().await, Total { total: 1, here: 1 }, "opened anew");
    drop((ann, eve));
    app.settle().await;
    assert_eq!(OPEN.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn misuse_of_a_rooms_locks_panics_instead_of_hanging() {
    let _counting = COUNTING.lock().await;
    let (app, hub) = start();
    let mut witness = app.connect::<Summing>("/sum/9").await.unwrap();
    for misuse in [
        SummingFromClient::WithInWith,
        SummingFromClient::PanicInWith,
        SummingFromClient::SendInSendWith,
        SummingFromClient::AskInSendWith,
    ] {
        let mut client: Client<Summing> = app.connect("/sum/9").await.unwrap();
        client.send(misuse);
        assert_eq!(client.expect_close().await.0, CloseCode::INTERNAL);
        assert_eq!(witness.expect::<Total>().await, Total { total: 0, here: 1 });
    }
    witness.send(Add { n: 1 });
    assert_eq!(witness.expect::<Total>().await, Total { total: 1, here: 1 });
    assert_eq!(hub.all().len(), 1);
    drop(witness);
    app.settle().await;
}

#[tokio::test]
async fn a_room_is_named_by_the_parsed_parameters() {
    let _counting = COUNTING.lock().await;
    let (app, hub) = start();
    let mut first = app.connect::<Summing>("/sum/042").await.unwrap();
    let second = app.connect::<Summing>("/sum/42").await.unwrap();
    let third = app.connect::<Summing>("/sum/%34%32").await.unwrap();
    first.send(Add { n: 1 });
    assert_eq!(first.expect::<Total>().await, Total { total: 1, here: 3 });
    assert_eq!(Summing::room(&42).path(), Some("/sum/42"));
    assert_eq!(hub.room(&Summing::room(&42)).len(), 3);
    assert_eq!(app.connect::<Summing>("/sum/forty-two").await.unwrap_err().status.as_u16(), 404);
    drop((first, second, third));
    app.settle().await;
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TenantId(u32);

impl std::fmt::Display for TenantId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/keys/:a/of/:b", rooms(TenantId))]
pub struct Keys {
    b: String,
    a: String,
}

#[channel(sends(Total))]
impl Keys {
    #[message(type = "check")]
    fn check(&self) -> Total {
        Total { total: self.a.len() as i64, here: self.b.len() }
    }
}

#[tokio::test]
async fn parameters_are_decoded_and_rooms_are_encoded() {
    let (app, _) = start();
    let mut client = app.connect::<Keys>("/keys/a%2Fb%20c/of/%C3%A9").await.unwrap();
    client.send(KeysFromClient::Check);
    assert_eq!(client.expect::<Total>().await, Total { total: 5, here: 2 });
    assert_eq!(Keys::room("a/b c", "é").path(), Some("/keys/a%2Fb%20c/of/%C3%A9"));
    for path in ["/keys//of/b", "/keys/a/of", "/keys/a/of/b/c", "/keys/%FF/of/b", "/other"] {
        assert_eq!(app.connect::<Keys>(path).await.unwrap_err().status.as_u16(), 404, "{path}");
    }
}

#[test]
fn room_names_are_typed_and_equal_when_they_name_the_same() {
    use channel_runtime::RoomOf;

    let room: Room<Keys> = Keys::room("x", "y");
    assert_eq!(room, Keys::room("x", "y"));
    assert_ne!(room, Keys::room("y", "x"));
    let tenant: Room<Keys> = TenantId(7).room();
    assert_eq!((tenant.name(), tenant.path()), ("tenant_id:7", None));
}

pub struct Number(u32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/numbers", rooms(Number))]
pub struct Numbers;

/// How many rooms could be joined.
#[message(type = "joined")]
#[derive(Debug, PartialEq)]
pub struct Joined {
    rooms: usize,
}

#[channel(sends(Joined))]
impl Numbers {
    #[message(type = "join_all")]
    fn join_all(&self, socket: &Socket<Self>) -> Joined {
        Joined { rooms: (0..2000).filter(|number| socket.join(&Number(*number))).count() }
    }

    /// One less, and there is room for another.
    #[message(type = "change")]
    fn change(&self, socket: &Socket<Self>) -> Joined {
        assert!(socket.leave(&Number(7)));
        Joined { rooms: (1500..1502).filter(|number| socket.join(&Number(*number))).count() }
    }
}

#[tokio::test]
async fn a_connection_is_in_1024_declared_rooms_at_the_most() {
    let app = testing::app(channels![Numbers].app(()));
    let mut client = app.connect::<Numbers>("/numbers").await.unwrap();
    assert_eq!(client.request(NumbersFromClient::JoinAll).reply::<Joined>().await, Joined { rooms: 1024 });
    assert_eq!(client.request(NumbersFromClient::Change).reply::<Joined>().await, Joined { rooms: 1 });
}
