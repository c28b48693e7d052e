//! Volatile messages: who is behind is not sent them, and nobody pays for them.

mod support;

use std::future::IntoFuture as _;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Channel, ConnectionId, Delivery, Hub, Message, Sent, Server, Socket, channel, channels, message,
};
use futures::FutureExt as _;
use serde_json::{Value, json};
use support::board::{Gate, Name, Tile};
use support::{Frame, Raw, start, text, within};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// Where somebody points.
#[message(type = "pointer", volatile)]
#[derive(Debug, PartialEq)]
pub struct Pointer {
    n: usize,
    padding: String,
}

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

#[message(type = "point")]
pub struct Point {
    n: usize,
}

/// A pointer as two bytes.
#[message(binary, kind = 1, volatile)]
#[derive(Debug, PartialEq)]
pub struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        data.first().map(|x| Self { x: *x }).ok_or_else(|| "nothing".into())
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

#[channel("/board/:room", rooms(Tile), app = Gate, room_state = usize)]
pub struct Board {
    room: String,
    #[extract]
    name: Name,
}

#[channel(sends(Pointer, Line, Pixel))]
impl Board {
    fn identity(&self) -> Option<&String> {
        self.name.0.as_ref()
    }

    async fn on_connect(&mut self, socket: &Socket<Self>, app: &Gate) {
        socket.join(&Tile(1));
        socket.send(pointer(0));
        if self.name.0.as_deref() == Some("late") {
            app.acquire().await.expect("it is never closed").forget();
        }
    }

    #[message]
    fn point(&self, point: Point, socket: &Socket<Self>) {
        socket.others().send(pointer(point.n));
    }

    /// More waits for this client than may for one that takes volatile messages. The answer is reliable, whatever its type.
    #[message(type = "fill")]
    fn fill(&self, socket: &Socket<Self>) -> Pointer {
        socket.send(Line { text: "x".repeat(100_000) });
        assert_eq!(outcome(socket.send(pointer(1))), (1, 1));
        pointer(2)
    }

    #[message(type = "in_the_state")]
    fn in_the_state(&self, socket: &Socket<Self>) {
        let sent = socket.room().with(|times, room| {
            *times += 1;
            room.send(pointer(*times))
        });
        assert_eq!(sent.refused, 0);
    }
}

#[channel("/kept/:room", history, app = Gate)]
pub struct Kept {
    room: String,
}

#[channel(sends(Pointer, Line))]
impl Kept {
    #[message]
    fn point(&self, point: Point, socket: &Socket<Self>) {
        socket.others().send(pointer(point.n));
    }

    /// By a task that keeps the socket, whatever becomes of its connection.
    #[message(type = "point_later")]
    fn point_later(&self, socket: &Socket<Self>, app: &Gate) {
        let (socket, gate) = (socket.clone(), Arc::clone(app));
        tokio::spawn(async move {
            gate.acquire().await.expect("it is never closed").forget();
            socket.others().send(pointer(2));
        });
    }
}

fn pointer(n: usize) -> Pointer {
    Pointer { n, padding: String::new() }
}

fn long(n: usize) -> Pointer {
    Pointer { n, padding: "x".repeat(8 * 1024) }
}

/// How many it was for, and how many of them it was dropped for.
fn outcome(sent: Sent) -> (usize, usize) {
    assert_eq!(sent.refused, 0);
    (sent.recipients, sent.dropped)
}

fn board() -> (Server<Gate>, Hub<Board>, Gate) {
    let gate = Gate::new(Semaphore::new(0));
    let channels = channels![Board];
    let hub = channels.of::<Board>();
    (channels.app_arc(Arc::new(Arc::clone(&gate))), hub, gate)
}

async fn next(raw: &mut Raw) -> Value {
    let frame = raw.frame().await.expect("it is open");
    serde_json::from_slice(&frame.payload).expect("it is JSON")
}

async fn enters(app: &TestApp<Gate>, name: &str) -> Client<Board> {
    let mut client = app.connect::<Board>(&format!("/board/a?name={name}")).await.unwrap();
    assert_eq!(client.expect::<Pointer>().await, pointer(0), "what `on_connect` itself sends is not dropped");
    client
}

/// Whose `on_connect` has begun, and waits.
async fn is_in<C: Channel, T>(hub: &Hub<C>, members: usize, mut connecting: impl Future<Output = T> + Unpin) {
    while hub.all().len() < members {
        assert!((&mut connecting).now_or_never().is_none());
        yield_now().await;
    }
}

#[test]
fn the_class_is_the_types() {
    assert_eq!((Pointer::DELIVERY, Pixel::DELIVERY), (Delivery::Volatile, Delivery::Volatile));
    assert_eq!(Line::DELIVERY, Delivery::Reliable);
}

#[tokio::test]
async fn of_ten_one_stalls_and_the_nine_others_hear_everything() {
    let (server, hub, _) = board();
    let server = start(server).await;
    let mut nine = Vec::new();
    for n in 0..9 {
        let mut raw = server.raw(&format!("/board/a?name={n}")).await;
        assert_eq!(next(&mut raw).await["n"], 0);
        nine.push(raw);
    }
    let mut stalled = server.connect_with_small_window().await;
    stalled.upgrade("/board/a?name=stalled").await;
    assert_eq!(next(&mut stalled).await["n"], 0);
    let room = Board::room("a");
    let mut dropped = 0;
    for n in 1..=200 {
        let sent = hub.room(&room).send(long(n));
        assert_eq!((sent.recipients, sent.refused), (10, 0));
        assert_eq!(sent.is_complete(), sent.dropped == 0);
        dropped += sent.dropped;
        for raw in &mut nine {
            assert_eq!(next(raw).await["n"], n);
        }
    }
    assert!(dropped > 100, "{dropped}");
    assert_eq!(hub.stats().dropped, [("pointer", dropped as u64), ("(binary 1) pixel", 0)]);
    assert_eq!((hub.all().len(), hub.stats().send_refused), (10, 0), "it is behind, and is not closed for that");
    // Once it reads, it is sent what is new.
    let mut last = 0;
    let mut n = 200;
    loop {
        let heard = next(&mut stalled).await["n"].as_u64().unwrap();
        assert!(heard > last, "an older one behind a newer one");
        last = heard;
        n += 1;
        if hub.connection(stalled_id(&hub)).send(long(n)).dropped == 0 {
            break;
        }
    }
    while last < n as u64 {
        last = next(&mut stalled).await["n"].as_u64().unwrap();
    }
    assert_eq!(last, n as u64);
}

fn stalled_id(hub: &Hub<Board>) -> ConnectionId {
    hub.user("stalled").members()[0].id
}

#[cfg(any(target_os = "android", target_os = "linux"))]
mod sockets {
    use channel_runtime::Config;

    use super::*;

    /// Of reliable messages 512 KiB wait, and a client for which there is more is closed.
    #[channel("/plain", outbox_bytes = "512KiB")]
    pub struct Plain;

    #[channel(sends(Line))]
    impl Plain {}

    /// The same with a volatile message.
    #[channel("/pointed", outbox_bytes = "512KiB")]
    pub struct Pointed;

    #[channel(sends(Line, Pointer))]
    impl Pointed {}

    /// How many KiB the socket of a client takes that reads nothing, with what that client's kernel takes: the most of several, because a
    /// socket that was full is filled again when half of that is gone, so that it may hold anything from half on.
    async fn held_by_a_socket(path: &str, config: Config) -> usize {
        let mut most = 0;
        for read in 0..4 {
            most = most.max(held_after(path, config.clone(), 350 + 3 * read).await);
        }
        most
    }

    /// After so many lines that the client has read.
    async fn held_after(path: &str, config: Config, read: usize) -> usize {
        /// How many lines wait for the client before it begins to read.
        const BEHIND: usize = 50;

        let channels = channels![Plain, Pointed];
        let (plain, pointed) = (channels.of::<Plain>().all(), channels.of::<Pointed>().all());
        let server = start(channels.app(()).config(config)).await;
        let mut stalled = server.connect_with_small_window().await;
        stalled.upgrade(path).await;
        within(async {
            while plain.is_empty() && pointed.is_empty() {
                yield_now().await;
            }
        })
        .await;
        let send = || {
            let line = || Line { text: "x".repeat(8 * 1024) };
            plain.send(line()).refused + pointed.send(line()).refused
        };
        // While it reads, and there is always more, its socket grows.
        for n in 0..BEHIND + read {
            assert_eq!(send(), 0);
            if n >= BEHIND {
                assert_eq!(next(&mut stalled).await["type"], "line");
            }
        }
        for taken in BEHIND..1000_usize {
            // Each is written, as far as the socket takes it, before the next one is sent.
            if send() > 0 {
                return taken * 8 - 512;
            }
            for _ in 0..20 {
                yield_now().await;
            }
        }
        panic!("a client that reads nothing is sent everything")
    }

    #[tokio::test]
    async fn the_sockets_of_such_a_channel_alone_hold_little_that_is_old() {
        let default = Config::default();
        let plain = held_by_a_socket("/plain", default.clone()).await;
        let pointed = held_by_a_socket("/pointed", default.clone()).await;
        let more = held_by_a_socket("/pointed", default.unsent_bytes(1024 * 1024)).await;
        assert!(2 * pointed < plain && plain < more, "{:?}", [plain, pointed, more]);
    }
}

#[tokio::test]
async fn nobody_is_slowed_who_sends_to_those_who_stall() {
    let (server, hub, _) = board();
    let server = start(server).await;
    let mut sender = server.raw("/board/a?name=sender").await;
    let mut stalled = Vec::new();
    for n in 0..3 {
        let mut raw = server.connect_with_small_window().await;
        raw.upgrade(&format!("/board/a?name={n}")).await;
        assert_eq!(next(&mut raw).await["n"], 0);
        stalled.push(raw);
    }
    assert_eq!(next(&mut sender).await["n"], 0);
    let room = hub.room(&Board::room("a"));
    for n in 1..=1000 {
        room.send(long(n));
        assert!(room.ready().now_or_never().is_some(), "the sender is held, after {n}");
    }
    // Neither is a client. Each of its messages is handled before the next one is read.
    for n in 1..=200 {
        sender.write(text(&json!({ "type": "point", "ref": n, "n": n }).to_string())).await;
        loop {
            let heard = next(&mut sender).await;
            if heard["type"] == "success" {
                break assert_eq!(heard["ref"], n);
            }
        }
    }
    assert_eq!(hub.all().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn each_audience_drops_it_for_who_is_not_there_yet() {
    let (server, hub, gate) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    let mut late = pin!(app.connect::<Board>("/board/a?name=late").into_future());
    is_in(&hub, 2, late.as_mut()).await;
    let room = Board::room("a");
    let both = [
        outcome(hub.room(&room).send(pointer(1))),
        outcome(hub.all().send(pointer(2))),
        outcome(hub.users(["ann", "late"]).send(pointer(3))),
        outcome(hub.rooms([Tile(1), Tile(2)]).send(pointer(4))),
        outcome(hub.room(&Tile(1)).send(pointer(5))),
        outcome(hub.room(&room).send_with(|room| pointer(room.len() + 4))),
        outcome(hub.room(&room).send(Pixel { x: 7 })),
    ];
    assert_eq!(both, [(2, 1); 7]);
    let id = hub.user("late").members()[0].id;
    assert_eq!(outcome(hub.user("late").send(pointer(8))), (1, 1));
    assert_eq!(outcome(hub.connection(id).send(pointer(8))), (1, 1));
    assert_eq!(outcome(hub.room(&room).except_user("late").send(pointer(7))), (1, 0));
    hub.all().send(Line { text: "held".into() });
    for n in 1..=6 {
        assert_eq!(ann.expect::<Pointer>().await, pointer(n));
    }
    assert_eq!(ann.expect::<Pixel>().await, Pixel { x: 7 });
    assert_eq!(ann.expect::<Pointer>().await, pointer(7));
    gate.add_permits(1);
    let mut late = late.await.unwrap();
    assert_eq!(late.expect::<Pointer>().await, pointer(0));
    assert_eq!(late.expect::<Line>().await.text, "held", "the reliable one waited, and the others did not");
    late.expect_nothing().await;
    assert_eq!(hub.stats().dropped, [("pointer", 8), ("(binary 1) pixel", 1)]);
    ann.send(Point { n: 9 });
    assert_eq!(late.expect::<Pointer>().await, pointer(9));
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_in_the_order_of_the_rooms_state() {
    let (server, _, _) = board();
    let app = testing::app(server);
    let (mut ann, mut bob) = (enters(&app, "ann").await, enters(&app, "bob").await);
    for _ in 0..3 {
        ann.send_text(r#"{"type":"in_the_state"}"#);
    }
    for n in 1..=3 {
        assert_eq!(ann.expect::<Pointer>().await, pointer(n));
        assert_eq!(bob.expect::<Pointer>().await, pointer(n));
    }
}

#[tokio::test]
async fn an_answer_is_reliable_whatever_its_type() {
    let (server, _, _) = board();
    let server = start(server).await;
    let mut raw = server.raw("/board/a?name=ann").await;
    assert_eq!(next(&mut raw).await["n"], 0);
    raw.write(text(r#"{"type":"fill","ref":7}"#)).await;
    assert_eq!(next(&mut raw).await["type"], "line");
    assert_eq!(next(&mut raw).await, json!({ "type": "pointer", "ref": 7, "n": 2, "padding": "" }));
}

#[tokio::test]
async fn it_is_in_no_history() {
    let channels = channels![Kept];
    let hub = channels.of::<Kept>();
    let server = start(channels.app(Gate::new(Semaphore::new(0)))).await;
    let mut raw = server.raw("/kept/a").await;
    let room = hub.room(&Kept::room("a"));
    within(async {
        while room.is_empty() {
            yield_now().await;
        }
    })
    .await;
    assert_eq!(outcome(room.send(pointer(1))), (1, 0));
    assert_eq!(outcome(room.send_with(|_| pointer(2))), (1, 0));
    assert!(room.send(Line { text: "kept".into() }).is_complete());
    for n in [1, 2] {
        raw.expect(Frame::text(&format!(r#"{{"type":"pointer","n":{n},"padding":""}}"#))).await;
    }
    raw.expect(Frame::text(r#"{"$seq":1,"type":"line","text":"kept"}"#)).await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_sent_none_that_was_missed() {
    let channels = channels![Kept];
    let hub = channels.of::<Kept>();
    let gate = Gate::new(Semaphore::new(0));
    let app = testing::app(channels.app_arc(Arc::new(Arc::clone(&gate))));
    let mut ann = app.connect::<Kept>("/kept/a").await.unwrap();
    let mut bob = app.connect::<Kept>("/kept/a").await.unwrap();
    let room = hub.room(&Kept::room("a"));
    room.send(Line { text: "1".into() });
    assert_eq!(ann.expect::<Line>().await.text, "1");
    ann.send_text(r#"{"type":"point_later"}"#);
    ann.send(Point { n: 0 });
    assert_eq!(bob.expect::<Line>().await.text, "1");
    assert_eq!(bob.expect::<Pointer>().await, pointer(0));
    ann.lose();
    room.send(pointer(1));
    room.send(Line { text: "2".into() });
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(1));
    assert_eq!(ann.expect::<Line>().await.text, "2");
    // It has come back as who it was: what its old socket sends to others is not for it.
    gate.add_permits(1);
    assert_eq!(bob.expect::<Pointer>().await, pointer(1));
    assert_eq!(bob.expect::<Line>().await.text, "2");
    assert_eq!(bob.expect::<Pointer>().await, pointer(2));
    bob.send(Point { n: 3 });
    assert_eq!(ann.expect::<Pointer>().await, pointer(3));
}

#[cfg(feature = "cluster")]
mod over_nodes {
    use std::sync::Mutex;
    use std::time::Duration;

    use channel_runtime::Elsewhere;

    use super::*;

    #[channel("/far/:name", app = Gate)]
    pub struct Far {
        name: String,
    }

    #[channel(sends(Pointer, Line))]
    impl Far {
        async fn on_connect(&mut self, socket: &Socket<Self>, app: &Gate) {
            socket.send(pointer(0));
            if self.name == "late" {
                app.acquire().await.expect("it is never closed").forget();
            }
        }
    }

    type Hubs = Arc<Mutex<Vec<Hub<Far>>>>;

    async fn two() -> (testing::TestCluster<Gate>, Gate, Vec<Hub<Far>>) {
        let (gate, hubs) = (Gate::new(Semaphore::new(0)), Hubs::default());
        let (all, open) = (Arc::clone(&hubs), Arc::clone(&gate));
        let two = testing::cluster_with(
            2,
            || channels![Far; cluster],
            move |channels| {
                all.lock().unwrap().push(channels.of::<Far>());
                channels.app(Arc::clone(&open))
            },
        )
        .await;
        let hubs = hubs.lock().unwrap().clone();
        (two, gate, hubs)
    }

    #[tokio::test(start_paused = true)]
    async fn each_node_decides_by_its_own_outboxes() {
        let (two, gate, hubs) = two().await;
        let mut ann = two[0].connect::<Far>("/far/ann").await.unwrap();
        let mut bob = two[1].connect::<Far>("/far/bob").await.unwrap();
        for client in [&mut ann, &mut bob] {
            assert_eq!(client.expect::<Pointer>().await, pointer(0));
        }
        let (here, there) = (&hubs[0], &hubs[1]);
        let mut late = pin!(two[1].connect::<Far>("/far/late").into_future());
        is_in(there, 2, late.as_mut()).await;
        let sent = here.all().send(pointer(1));
        assert_eq!((outcome(sent), sent.elsewhere), ((1, 0), Elsewhere::Taken));
        assert!(here.all().send(Line { text: "held".into() }).is_complete());
        for client in [&mut ann, &mut bob] {
            assert_eq!(client.expect::<Pointer>().await, pointer(1));
            assert_eq!(client.expect::<Line>().await.text, "held");
        }
        gate.add_permits(1);
        let mut late = late.await.unwrap();
        assert_eq!(late.expect::<Pointer>().await, pointer(0));
        assert_eq!(late.expect::<Line>().await.text, "held");
        assert_eq!((here.stats().dropped, there.stats().dropped), (vec![("pointer", 0)], vec![("pointer", 1)]));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_volatile_waits_for_a_bus_that_is_away() {
        let (two, _, hubs) = two().await;
        let mut bob = two[1].connect::<Far>("/far/bob").await.unwrap();
        assert_eq!(bob.expect::<Pointer>().await, pointer(0));
        two.bus().cut(0);
        within(async {
            while hubs[0].all().send(pointer(1)).elsewhere == Elsewhere::Taken {
                tokio::time::advance(Duration::from_millis(100)).await;
            }
        })
        .await;
        assert_eq!(hubs[0].all().send(Line { text: "later".into() }).elsewhere, Elsewhere::Taken);
    }
}
