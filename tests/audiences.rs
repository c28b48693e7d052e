//! Who receives what is sent, from a handler and from outside; each client once, in the order sent.

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Channels, CloseCode, ConnectionId, Extract, Handshake, Hub, MemberView, Reject, Socket, channel, channels, message,
};

#[message(type = "say")]
pub struct Say {
    to: String,
    text: String,
}

#[message(type = "said")]
#[derive(Debug, PartialEq, Clone)]
pub struct Said {
    text: String,
}

#[message(type = "counted")]
#[derive(Debug, PartialEq)]
pub struct Counted {
    meant_for: usize,
    refused: usize,
    here: usize,
}

#[message(type = "me")]
#[derive(Debug)]
pub struct Me {
    id: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UserId(String);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for UserId {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl<A: Sync> Extract<A> for UserId {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        handshake.query_param("user").map(UserId).ok_or_else(|| Reject::absent("who are you?"))
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Symbol(&'static str);

impl std::fmt::Display for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

#[channel("/hall/:name", rooms(Symbol))]
pub struct Hall {
    name: String,
    #[extract]
    user: Option<UserId>,
}

#[channel(sends(Said, Counted, Me, Bytes))]
impl Hall {
    fn identity(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    #[message]
    fn say(&self, Say { to, text }: Say, socket: &Socket<Self>) -> Counted {
        let said = Said { text };
        let ann = UserId("ann".into());
        let (sent, here) = match to.as_str() {
            "me" => (socket.send(said), 1),
            "room" => (socket.room().send(said), socket.room().len()),
            "others" => (socket.others().send(said), socket.others().len()),
            "symbol" => (socket.room_of(&Symbol("acme")).send(said), socket.room_of(&Symbol("acme")).len()),
            "symbols" => {
                let rooms = socket.rooms([Symbol("acme"), Symbol("zeta"), Symbol("nobody")]);
                (rooms.send(said), rooms.len())
            }
            "halls" => {
                let rooms = socket.rooms([Hall::room("a"), Hall::room("b")]);
                (rooms.send(said), rooms.len())
            }
            "ann" => (socket.user(&ann).send(said), socket.user(&ann).len()),
            "ann and bob" => {
                let users = [ann.clone(), UserId("bob".into()), ann];
                (socket.users(&users).send(said), socket.users(&users).len())
            }
            "all" => (socket.all().send(said), socket.all().len()),
            "all but ann" => (socket.all().except_user(&ann).send(said), socket.all().except_user(&ann).len()),
            "room but me" => (socket.room().except(socket.id()).send(said), socket.room().except(socket.id()).len()),
            "ann in my hall" => {
                let room = socket.room().only_user(&ann);
                (room.send(said), room.len())
            }
            "ann in the other hall" => {
                let room = socket.room_of(&Hall::room("a")).only_user(&ann);
                (room.send(said), room.len())
            }
            "another channel" => {
                let hub = socket.hub_of::<Lobby>();
                (hub.all().send(Welcome {}), hub.all().len())
            }
            other => panic!("nobody is called {other}"),
        };
        Counted { meant_for: sent.recipients, refused: sent.refused, here }
    }

    #[message(type = "join")]
    fn join(&self, socket: &Socket<Self>) {
        assert!(socket.join(&Symbol("acme")) && socket.join(&Symbol("zeta")));
    }

    #[message(type = "leave")]
    fn leave(&self, socket: &Socket<Self>) {
        assert!(socket.leave(&Symbol("acme")) && !socket.leave(&Symbol("acme")));
    }

    #[message(type = "who")]
    fn who(&self, socket: &Socket<Self>) -> Me {
        assert_eq!(self.name, "a");
        Me { id: socket.id().to_string() }
    }

    #[message(type = "bytes")]
    fn bytes(&self, socket: &Socket<Self>) {
        socket.send_bytes(Bytes::from_static(b"for me"));
        socket.room().send_bytes(Bytes::from_static(b"for all"));
    }
}

#[message(type = "welcome")]
pub struct Welcome {}

#[channel("/lobby")]
pub struct Lobby {
    #[extract]
    user: Option<UserId>,
}

#[channel(sends(Welcome))]
impl Lobby {
    fn identity(&self) -> Option<UserId> {
        self.user.clone()
    }
}

fn start() -> (TestApp<()>, Hub<Hall>) {
    let channels: Channels<()> = channels![Hall, Lobby];
    let hub = channels.of::<Hall>();
    (testing::app(channels.app(())), hub)
}

struct People {
    app: TestApp<()>,
    hub: Hub<Hall>,
    /// In hall a, on two devices.
    ann: Client<Hall>,
    ann2: Client<Hall>,
    /// In hall b.
    bob: Client<Hall>,
    /// In hall b, without a name.
    stranger: Client<Hall>,
}

async fn people() -> People {
    let (app, hub) = start();
    let ann = app.connect::<Hall>("/hall/a").query("user", "ann").await.unwrap();
    let ann2 = app.connect::<Hall>("/hall/a").query("user", "ann").await.unwrap();
    let bob = app.connect::<Hall>("/hall/b").query("user", "bob").await.unwrap();
    let stranger = app.connect::<Hall>("/hall/b").await.unwrap();
    People { app, hub, ann, ann2, bob, stranger }
}

impl People {
    /// Bob says something, and these hear it, once.
    async fn bob_says(&mut self, to: &str, [ann, ann2, bob, stranger]: [bool; 4]) {
        self.bob.send(Say { to: to.into(), text: to.into() });
        let said = Said { text: to.into() };
        for (client, hears) in [(&mut self.ann, ann), (&mut self.ann2, ann2), (&mut self.stranger, stranger)] {
            if hears {
                assert_eq!(client.expect::<Said>().await, said, "{to}");
            }
            client.expect_nothing().await;
        }
        if bob {
            assert_eq!(self.bob.expect::<Said>().await, said, "{to}");
        }
        let hearers = [ann, ann2, bob, stranger].into_iter().filter(|hears| *hears).count();
        let counted = Counted { meant_for: hearers, refused: 0, here: hearers };
        assert_eq!(self.bob.expect::<Counted>().await, counted, "{to}");
        self.bob.expect_nothing().await;
    }
}

#[tokio::test]
async fn an_audience_is_exactly_those_it_names() {
    let mut people = people().await;
    people.bob_says("me", [false, false, true, false]).await;
    people.bob_says("room", [false, false, true, true]).await;
    people.bob_says("others", [false, false, false, true]).await;
    people.bob_says("room but me", [false, false, false, true]).await;
    people.bob_says("ann", [true, true, false, false]).await;
    people.bob_says("all", [true, true, true, true]).await;
    people.bob_says("all but ann", [false, false, true, true]).await;
    people.bob_says("ann in my hall", [false, false, false, false]).await;
    people.bob_says("ann in the other hall", [true, true, false, false]).await;
}

#[tokio::test]
async fn one_user_in_one_room_is_an_audience() {
    let People { app, hub, mut ann, mut ann2, mut bob, stranger: _stranger } = people().await;
    let mut ann3 = app.connect::<Hall>("/hall/b").query("user", "ann").await.unwrap();
    for client in [&mut ann3, &mut bob] {
        client.request(HallFromClient::Join).success().await;
    }
    let (key, other) = (UserId("ann".into()), UserId("bob".into()));
    let (hall_a, hall_b) = (Hall::room("a"), Hall::room("b"));
    let only = |sent: channel_runtime::Sent| (sent.recipients, sent.refused);
    assert_eq!(only(hub.room(&hall_a).only_user(&key).send(said("in a"))), (2, 0));
    assert_eq!(only(hub.room(&hall_b).only_user(&key).send(said("in b"))), (1, 0));
    assert_eq!(only(hub.room(&Symbol("acme")).only_user(&key).send(said("of acme"))), (1, 0));
    assert_eq!(only(hub.rooms([Symbol("acme"), Symbol("zeta")]).only_user(&key).send(said("of both"))), (1, 0));
    assert_eq!(only(hub.all().only_user(&key).send(said("everywhere"))), (3, 0));
    assert_eq!(only(hub.users([&key, &other]).only_user(&key).except_user(&other).send(said("of two"))), (3, 0));
    for client in [&mut ann, &mut ann2] {
        for text in ["in a", "everywhere", "of two"] {
            assert_eq!(client.expect::<Said>().await, said(text));
        }
        client.expect_nothing().await;
    }
    assert_eq!(ann3.expect::<Said>().await, said("in b"));
    for text in ["of acme", "of both"] {
        let expected = format!(r#"{{"type":"said","$room":"symbol:acme","text":"{text}"}}"#);
        assert_eq!(ann3.expect_text().await, expected);
    }
    assert_eq!(ann3.expect::<Said>().await, said("everywhere"));
    assert_eq!(ann3.expect::<Said>().await, said("of two"));
    bob.expect_nothing().await;

    assert_eq!(hub.rooms([hall_a, hall_b.clone()]).only_user(&key).len(), 3);
    assert_eq!(hub.room(&hall_b).only_user(&key).len(), 1);
    assert_eq!(hub.room(&hall_b).except_user(&key).only_user(&key).len(), 0);
    assert!(hub.all().only_user(&key).only_user(&key).only_user(&other).is_empty());
    assert!(hub.room(&Hall::room("nowhere")).only_user(&key).is_empty());
    assert_eq!(hub.room(&hall_b).only_user(&key).disconnect(CloseCode::NORMAL, "not here"), 1);
    assert_eq!(ann3.expect_close().await, (CloseCode::NORMAL, "not here".into()));
    app.settle().await;
    assert_eq!((hub.user(&key).len(), hub.room(&hall_b).len()), (2, 2));
}

#[tokio::test]
async fn an_audience_is_a_set() {
    let mut people = people().await;
    people.bob_says("ann and bob", [true, true, true, false]).await;
    people.bob_says("halls", [true, true, true, true]).await;
    people.ann.send(HallFromClient::Join);
    people.stranger.send(HallFromClient::Join);
    people.app.settle().await;
    people.bob.send(Say { to: "symbols".into(), text: "x".into() });
    for client in [&mut people.ann, &mut people.stranger] {
        assert_eq!(client.expect_text().await, r#"{"type":"said","$room":"symbol:acme","text":"x"}"#);
        client.expect_nothing().await;
    }
    assert_eq!(people.bob.expect::<Counted>().await, Counted { meant_for: 2, refused: 0, here: 2 });
}

#[tokio::test]
async fn a_joined_room_is_heard_until_it_is_left_and_named_in_the_frame() {
    let mut people = people().await;
    people.bob_says("symbol", [false, false, false, false]).await;
    people.ann.request(HallFromClient::Join).success().await;
    people.bob.send(Say { to: "symbol".into(), text: "x".into() });
    assert_eq!(people.ann.expect_text().await, r#"{"type":"said","$room":"symbol:acme","text":"x"}"#);
    people.bob.expect::<Counted>().await;
    people.ann.request(HallFromClient::Join).success().await; // twice is once
    people.ann.request(HallFromClient::Leave).success().await;
    people.bob_says("symbol", [false, false, false, false]).await;
    assert_eq!(people.hub.room(&Symbol("zeta")).len(), 1);
}

#[tokio::test]
async fn others_join_a_room_and_leave_it_from_outside() {
    let People { app, hub, mut ann, mut ann2, mut bob, mut stranger } = people().await;
    let (key, acme, zeta) = (UserId("ann".into()), Symbol("acme"), Symbol("zeta"));
    assert_eq!(hub.user(&key).join(&acme), 2);
    assert_eq!(hub.user(&key).join(&acme), 2, "twice is once");
    assert_eq!(hub.room(&Hall::room("b")).except_user(&UserId("bob".into())).join(&acme), 1);
    assert_eq!(hub.room(&acme).send(said("to three")).recipients, 3);
    for client in [&mut ann, &mut ann2, &mut stranger] {
        assert_eq!(client.expect_text().await, r#"{"type":"said","$room":"symbol:acme","text":"to three"}"#);
    }
    bob.expect_nothing().await;

    // A room moves as a whole.
    assert_eq!(hub.room(&acme).join(&zeta), 3);
    assert_eq!(hub.room(&acme).leave(&acme), 3);
    assert_eq!((hub.room(&acme).len(), hub.room(&zeta).len()), (0, 3));
    assert_eq!(hub.all().leave(&zeta), 3, "bob was no member");
    ann.send(HallFromClient::Who);
    let id: ConnectionId = ann.expect::<Me>().await.id.parse().unwrap();
    assert_eq!((hub.connection(id).join(&zeta), hub.connection(id).leave(&zeta)), (1, 1));
    assert_eq!(hub.user(&UserId("eve".into())).join(&acme), 0);
    assert_eq!(hub.room(&Hall::room("nowhere")).leave(&acme), 0);
    drop(ann);
    app.settle().await;
    assert_eq!(hub.connection(id).join(&zeta), 0, "it is gone");
}

#[tokio::test]
async fn the_members_of_an_audience_are_its_connections_with_their_users() {
    let People { app, hub, mut ann, ann2, bob, stranger } = people().await;
    let users = |members: Vec<MemberView>| {
        let mut users: Vec<Option<String>> = members.into_iter().map(|member| member.user).collect();
        users.sort();
        users
    };
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(users(hub.all().members()), [None, named("ann"), named("ann"), named("bob")]);
    assert_eq!(users(hub.room(&Hall::room("b")).members()), [None, named("bob")]);
    assert_eq!(users(hub.all().except_user(&UserId("ann".into())).members()), [None, named("bob")]);
    assert!(hub.room(&Hall::room("nowhere")).members().is_empty());
    ann.send(HallFromClient::Who);
    let id: ConnectionId = ann.expect::<Me>().await.id.parse().unwrap();
    let [member] = &hub.connection(id).members()[..] else { panic!("one connection is one member") };
    assert_eq!((member.id, &member.user), (id, &named("ann")));
    let json = serde_json::to_string(member).unwrap();
    assert_eq!(json, format!(r#"{{"id":"{id}","user":"ann"}}"#));
    assert_eq!(serde_json::from_str::<MemberView>(&json).unwrap(), *member);
    drop((app, ann, ann2, bob, stranger));
}

#[tokio::test]
async fn a_hub_reaches_the_same_people_from_outside() {
    let People { app, hub, mut ann, mut ann2, mut bob, mut stranger } = people().await;
    assert_eq!(hub.room(&Hall::room("b")).send(said("b")).recipients, 2);
    assert_eq!(hub.room(&Hall::room("nowhere")).send(said("nowhere")).recipients, 0);
    assert_eq!(hub.user(&UserId("ann".into())).send(said("ann")).recipients, 2);
    assert_eq!(hub.users(&[UserId("bob".into()), UserId("eve".into())]).send(said("bob")).recipients, 1);
    assert_eq!(hub.all().except_user(&UserId("ann".into())).send(said("all but ann")).recipients, 2);
    assert_eq!(hub.rooms([Hall::room("a")]).send(said("a")).recipients, 2);
    ann.send(HallFromClient::Who);
    for client in [&mut ann, &mut ann2] {
        assert_eq!(client.expect::<Said>().await, said("ann"));
        assert_eq!(client.expect::<Said>().await, said("a"));
    }
    assert_eq!(bob.expect::<Said>().await, said("b"));
    assert_eq!(bob.expect::<Said>().await, said("bob"));
    assert_eq!(bob.expect::<Said>().await, said("all but ann"));
    assert_eq!(stranger.expect::<Said>().await, said("b"));
    assert_eq!(stranger.expect::<Said>().await, said("all but ann"));

    let id: ConnectionId = ann.expect::<Me>().await.id.parse().unwrap();
    assert_eq!(hub.connection(id).send(said("you")).recipients, 1);
    assert_eq!(ann.expect::<Said>().await, said("you"));
    drop(ann);
    app.settle().await;
    assert_eq!(hub.connection(id).send(said("you")).recipients, 0);
    ann2.expect_nothing().await;
}

#[tokio::test]
async fn another_channel_is_reached_by_its_own_messages() {
    let mut people = people().await;
    let mut lobby = people.app.connect::<Lobby>("/lobby").await.unwrap();
    people.bob.send(Say { to: "another channel".into(), text: String::new() });
    lobby.expect::<Welcome>().await;
    assert_eq!(people.bob.expect::<Counted>().await, Counted { meant_for: 1, refused: 0, here: 1 });
}

#[tokio::test]
async fn binary_goes_to_audiences_too() {
    let mut people = people().await;
    people.bob.send(HallFromClient::Bytes);
    assert_eq!(people.bob.expect_binary().await, "for me");
    assert_eq!(people.bob.expect_binary().await, "for all");
    assert_eq!(people.stranger.expect_binary().await, "for all");
    people.ann.expect_nothing().await;
}

#[tokio::test]
async fn an_audience_can_be_disconnected_after_what_was_sent_to_it() {
    let People { app, hub, mut ann, mut ann2, mut bob, stranger: _stranger } = people().await;
    hub.all().send(Said { text: "goodbye".into() });
    assert_eq!(hub.user(&UserId("ann".into())).disconnect(CloseCode::FORBIDDEN, "banned"), 2);
    for client in [&mut ann, &mut ann2] {
        client.expect::<Said>().await;
        assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    }
    bob.expect::<Said>().await;
    bob.expect_nothing().await;
    app.settle().await;
    assert_eq!(hub.all().len(), 2);
    assert!(hub.user(&UserId("ann".into())).is_empty());
}

#[tokio::test]
async fn a_user_is_found_and_disconnected_across_all_channels() {
    let channels = channels![Hall, Lobby];
    let users = channels.users();
    let app = testing::app(channels.app(()));
    let mut hall = app.connect::<Hall>("/hall/a").query("user", "ann").await.unwrap();
    let mut lobby = app.connect::<Lobby>("/lobby").query("user", "ann").await.unwrap();
    let ann = users.user(&UserId("ann".into()));
    assert_eq!(ann.len(), 2);
    assert_eq!(users.user(&"ann".to_owned()).len(), 0, "another type of identity is another user");
    assert_eq!(ann.disconnect(CloseCode::UNAUTHORIZED, "signed out"), 2);
    assert_eq!(hall.expect_close().await.0, CloseCode::UNAUTHORIZED);
    assert_eq!(lobby.expect_close().await.0, CloseCode::UNAUTHORIZED);
    app.settle().await;
    assert!(ann.is_empty());
}

fn said(text: &str) -> Said {
    Said { text: text.into() }
}

/// Its users are named by a `String`.
#[channel("/desk/:name")]
pub struct Desk {
    name: String,
}

#[channel(sends(Said))]
impl Desk {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message]
    fn say(&self, Say { to, text }: Say, socket: &Socket<Self>) {
        socket.user(&to).send(Said { text });
    }

    #[message(type = "call")]
    fn call(&self, socket: &Socket<Self>) {
        socket.user("ann").send(said("user"));
        socket.users(["ann", "bob"]).send(said("users"));
        socket.all().except_user("ann").send(said("all but ann"));
    }
}

#[tokio::test]
async fn a_user_whose_identity_is_a_string_is_named_by_text() {
    let channels: Channels<()> = channels![Desk];
    let (desks, ann) = (channels.of::<Desk>(), channels.user("ann"));
    let app = testing::app(channels.app(()));
    let mut at_ann = app.connect::<Desk>("/desk/ann").await.unwrap();
    let mut at_bob = app.connect::<Desk>("/desk/bob").await.unwrap();
    assert_eq!((ann.len(), desks.user("bob").len(), desks.users(["ann", "bob", "cy"]).len()), (1, 1, 2));

    at_bob.send(Say { to: "ann".into(), text: "to ann".into() });
    assert_eq!(at_ann.expect::<Said>().await, said("to ann"));
    at_bob.send_text(r#"{"type":"call"}"#);
    assert_eq!(at_ann.expect::<Said>().await, said("user"));
    assert_eq!(at_ann.expect::<Said>().await, said("users"));
    assert_eq!(at_bob.expect::<Said>().await, said("users"));
    assert_eq!(at_bob.expect::<Said>().await, said("all but ann"));
    at_ann.expect_nothing().await;

    assert_eq!(ann.disconnect(CloseCode::UNAUTHORIZED, "signed out"), 1);
    assert_eq!(at_ann.expect_close().await.0, CloseCode::UNAUTHORIZED);
    at_bob.expect_nothing().await;
}

#[tokio::test]
async fn a_broadcast_is_encoded_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static ENCODED: AtomicUsize = AtomicUsize::new(0);

    fn counted<S: serde::Serializer>(_: &(), serializer: S) -> Result<S::Ok, S::Error> {
        ENCODED.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_unit()
    }

    #[message(type = "once")]
    pub struct Once {
        #[serde(serialize_with = "counted")]
        field: (),
    }

    #[channel("/once")]
    pub struct Crowd;

    #[channel(sends(Once))]
    impl Crowd {}

    let channels = channels![Crowd];
    let hub = channels.of::<Crowd>();
    let app = testing::app(channels.app(()));
    let mut crowd = Vec::new();
    for _ in 0..10 {
        crowd.push(app.connect::<Crowd>("/once").await.unwrap());
    }
    assert_eq!(hub.all().send(Once { field: () }).recipients, 10);
    for client in &mut crowd {
        client.expect::<Once>().await;
    }
    assert_eq!(ENCODED.load(Ordering::Relaxed), 1);
}

#[test]
fn a_hub_of_a_channel_that_is_not_listed_says_so() {
    let channels: Channels<()> = channels![Lobby];
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| channels.of::<Hall>())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "`Hall` is not in this `channels![..]`");
}

/// The handlers run on the test's own thread, and the hook, which is the whole process's, looks at that one alone.
#[tokio::test]
async fn a_channel_that_is_not_listed_is_told_at_the_line_that_asks_for_its_hub() {
    let (places, asked) = std::sync::mpsc::channel();
    let (here, before) = (std::thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == here {
            _ = places.send(panic.location().unwrap().file().to_owned());
        } else {
            before(panic);
        }
    }));
    let channels: Channels<()> = channels![Hall];
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| channels.of::<Lobby>())).unwrap_err();
    assert_eq!(asked.try_recv().as_deref(), Ok(file!()));
    let app = testing::app(channels.app(()));
    let mut client = app.connect::<Hall>("/hall/a").await.unwrap();
    client.send(Say { to: "another channel".into(), text: String::new() });
    client.expect_close().await;
    assert_eq!(asked.try_recv().as_deref(), Ok(file!()));
}
