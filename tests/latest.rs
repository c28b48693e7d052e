//! Newest values: of each key everybody who stays is sent the newest one, and who is behind costs a number.

mod support;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Config, Delivery, Hub, Message, Sent, Server, Socket, channel, channels, message};
use serde_json::{Value, json};
use support::board::{Gate, Name, Tile};
use support::{Frame, Raw, start, text, within};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::Instant;

/// What something costs now.
#[message(type = "tick", latest(key = symbol, every = "100ms"))]
#[derive(Debug, PartialEq)]
pub struct Tick {
    symbol: String,
    n: usize,
}

#[message(type = "place", latest(key = number))]
#[derive(Debug, PartialEq)]
pub struct Place {
    #[serde(rename = "no")]
    number: u32,
    n: usize,
    padding: String,
}

#[message(type = "total", latest)]
#[derive(Debug, PartialEq)]
pub struct Total {
    n: usize,
}

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

#[message(type = "move_to")]
pub struct MoveTo {
    number: u32,
    n: usize,
}

/// A place as two bytes.
#[message(binary, kind = 1, latest(key = x))]
#[derive(Debug, PartialEq)]
pub struct Pixel {
    x: u8,
    y: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        let [x, y] = data[..] else { return Err("two bytes".into()) };
        Ok(Self { x, y })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.extend([self.x, self.y]);
    }
}

#[channel("/board/:room", rooms(Tile), app = Gate, room_state = usize)]
pub struct Board {
    room: String,
    #[extract]
    name: Name,
}

#[channel(sends(Tick, Place, Total, Line, Pixel))]
impl Board {
    fn identity(&self) -> Option<&String> {
        self.name.0.as_ref()
    }

    async fn on_connect(&mut self, socket: &Socket<Self>, app: &Gate) {
        if self.name.0.as_deref() == Some("late") {
            app.acquire().await.expect("it is never closed").forget();
        }
        socket.send(Line { text: "welcome".into() });
    }

    #[message(type = "join_tile")]
    fn join_tile(&self, socket: &Socket<Self>) {
        socket.join(&Tile(1));
    }

    #[message]
    fn move_to(&self, m: MoveTo, socket: &Socket<Self>) {
        socket.others().send(place(m.number, m.n));
    }

    /// More than one in a handler: the last one counts.
    #[message(type = "count")]
    fn count(&self, socket: &Socket<Self>) {
        socket.room().with(|total, room| {
            for _ in 0..3 {
                *total += 1;
                room.send(Total { n: *total });
            }
        });
    }

    /// Each is sent: this is no room.
    #[message(type = "own")]
    fn own(&self, socket: &Socket<Self>) -> Place {
        socket.send(place(1, 1));
        socket.send(place(1, 2));
        place(1, 3)
    }
}

#[channel("/kept/:room", history)]
pub struct Kept {
    room: String,
}

#[channel(sends(Total, Line))]
impl Kept {}

fn place(number: u32, n: usize) -> Place {
    Place { number, n, padding: String::new() }
}

fn tick(symbol: &str, n: usize) -> Tick {
    Tick { symbol: symbol.into(), n }
}

fn board() -> (Server<Gate>, Hub<Board>, Gate) {
    let gate = Gate::new(Semaphore::new(0));
    let channels = channels![Board];
    let hub = channels.of::<Board>();
    (channels.app_arc(Arc::new(Arc::clone(&gate))), hub, gate)
}

async fn enters(app: &TestApp<Gate>, name: &str) -> Client<Board> {
    let mut client = app.connect::<Board>(&format!("/board/a?name={name}")).await.unwrap();
    client.wait_for::<Line>().await;
    client
}

fn outcome(sent: Sent) -> (usize, usize) {
    assert!(sent.is_complete(), "{sent:?}");
    (sent.recipients, sent.replaced)
}

#[test]
fn the_class_is_the_types() {
    let Delivery::Latest { key, every, .. } = Tick::DELIVERY else { panic!() };
    assert_eq!((key, every), (Some("symbol"), Some(Duration::from_millis(100))));
    let Delivery::Latest { key, every, .. } = Place::DELIVERY else { panic!() };
    assert_eq!((key, every), (Some("no"), None), "the key on the wire");
    assert_eq!(Total::DELIVERY, Delivery::latest(None, 0));
}

#[tokio::test(start_paused = true)]
async fn the_first_is_sent_at_once_and_then_one_of_a_key_in_the_time() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    let room = hub.room(&Board::room("a"));
    let begun = Instant::now();
    for n in 1..=5 {
        assert_eq!(outcome(room.send(tick("ACME", n))), (1, 0));
    }
    room.send(tick("BETA", 1));
    assert_eq!(ann.expect::<Tick>().await, tick("ACME", 5), "what was sent in one go");
    assert_eq!(ann.expect::<Tick>().await, tick("BETA", 1));
    assert!(begun.elapsed() < Duration::from_millis(10), "at once");
    let mut heard = Vec::new();
    for n in 6..40 {
        room.send(tick("ACME", n));
        tokio::time::sleep(Duration::from_millis(10)).await;
        for text in ann.take_texts() {
            heard.push((begun.elapsed().as_millis(), serde_json::from_str::<Value>(&text).unwrap()["n"].clone()));
        }
    }
    assert!((3..=4).contains(&heard.len()), "{heard:?}");
    assert!(heard.windows(2).all(|two| two[1].0 - two[0].0 >= 100), "{heard:?}");
    assert_eq!(ann.expect::<Tick>().await, tick("ACME", 39));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    room.send(tick("ACME", 40));
    assert_eq!(ann.expect::<Tick>().await, tick("ACME", 40));
    assert!(begun.elapsed() < Duration::from_millis(10), "after a pause at once again");
    ann.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn who_enters_is_told_all_newest_values_and_none_twice() {
    let (server, hub, gate) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    let room = hub.room(&Board::room("a"));
    for (symbol, n) in [("ACME", 1), ("BETA", 2), ("ACME", 3)] {
        room.send(tick(symbol, n));
    }
    app.settle().await;
    hub.all().send(place(9, 9));
    app.settle().await;
    // These wait for their time.
    room.send(tick("ACME", 4));
    room.send_with(|room| tick("ROOM", room.len()));
    let mut bob = app.connect::<Board>("/board/a?name=bob").await.unwrap();
    for expected in [tick("BETA", 2), tick("ACME", 4), tick("ROOM", 1)] {
        assert_eq!(bob.expect::<Tick>().await, expected);
    }
    assert_eq!(bob.expect::<Place>().await, place(9, 9));
    assert_eq!(bob.expect::<Line>().await.text, "welcome", "before what `on_connect` sends");
    bob.expect_nothing().await;
    for expected in [tick("BETA", 2), tick("ACME", 3)] {
        assert_eq!(ann.expect::<Tick>().await, expected);
    }
    assert_eq!(ann.expect::<Place>().await, place(9, 9));
    for expected in [tick("ACME", 4), tick("ROOM", 1)] {
        assert_eq!(ann.expect::<Tick>().await, expected);
    }
    ann.expect_nothing().await;
    gate.add_permits(1);
    let mut late = app.connect::<Board>("/board/a?name=late").await.unwrap();
    assert_eq!(late.expect::<Tick>().await, tick("BETA", 2));
}

#[tokio::test(start_paused = true)]
async fn a_declared_room_has_its_own() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    assert_eq!(outcome(hub.room(&Tile(1)).send(place(1, 0))), (0, 0), "a room without members is none");
    ann.send_text(r#"{"type":"join_tile"}"#);
    app.settle().await;
    hub.rooms([Tile(1), Tile(2)]).send(place(1, 1));
    let told = ann.expect_text().await;
    assert_eq!(
        told,
        r#"{"type":"place","$room":"tile:1","no":1,"n":1,"padding":""}"#.to_owned(),
        "as any message of it"
    );
    let mut bob = enters(&app, "bob").await;
    bob.expect_nothing().await;
    bob.send_text(r#"{"type":"join_tile"}"#);
    assert_eq!(bob.expect::<Place>().await, place(1, 1));
    ann.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_narrowed_with_its_exclusion() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let (mut ann, mut bob) = (enters(&app, "ann").await, enters(&app, "bob").await);
    ann.send(MoveTo { number: 1, n: 1 });
    assert_eq!(bob.expect::<Place>().await, place(1, 1));
    ann.expect_nothing().await;
    let room = hub.room(&Board::room("a"));
    assert_eq!(outcome(room.except_user("bob").send(place(2, 2))), (1, 0));
    assert_eq!(ann.expect::<Place>().await, place(2, 2));
    bob.expect_nothing().await;
    // Who is excluded by name is so on each device, also on one that comes later.
    let mut device = enters(&app, "bob").await;
    device.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_forgotten_is_told_to_nobody() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    let room = hub.room(&Board::room("a"));
    room.send(tick("ACME", 1));
    room.send(tick("BETA", 1));
    app.settle().await;
    room.send(tick("ACME", 2));
    assert!(room.forget::<Tick>("ACME") && !room.forget::<Tick>("ACME") && !room.forget::<Place>("ACME"));
    let mut bob = app.connect::<Board>("/board/a?name=bob").await.unwrap();
    assert_eq!(bob.expect::<Tick>().await, tick("BETA", 1));
    assert_eq!(bob.expect::<Line>().await.text, "welcome");
    bob.expect_nothing().await;
    for symbol in ["ACME", "BETA"] {
        assert_eq!(ann.expect::<Tick>().await, tick(symbol, 1));
    }
    ann.expect_nothing().await;
    room.send(tick("ACME", 3));
    assert_eq!(bob.expect::<Tick>().await, tick("ACME", 3));
}

#[tokio::test(start_paused = true)]
async fn without_a_key_there_is_one_and_what_is_sent_in_one_go_is_told_once() {
    let (server, _, _) = board();
    let app = testing::app(server);
    let (mut ann, mut bob) = (enters(&app, "ann").await, enters(&app, "bob").await);
    ann.send_text(r#"{"type":"count"}"#);
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect::<Total>().await, Total { n: 3 });
        client.expect_nothing().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_binary_one_replaces_by_its_key_too() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    for y in 0..3 {
        hub.all().send(Pixel { x: 7, y });
    }
    assert_eq!(ann.expect::<Pixel>().await, Pixel { x: 7, y: 2 });
    ann.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn to_one_client_each_is_sent() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    ann.send_text(r#"{"type":"own","ref":1}"#);
    for n in 1..=3 {
        assert_eq!(ann.expect::<Place>().await, place(1, n));
    }
    let (user, one) = (hub.user("ann"), hub.connection(hub.user("ann").members()[0].id));
    for n in 4..=6 {
        assert_eq!(outcome(user.send(place(1, n))), (1, 0));
        assert_eq!(outcome(one.send(place(1, n))), (1, 0));
        assert_eq!(outcome(hub.room(&Board::room("a")).only_user("ann").send(place(1, n))), (1, 0));
        for _ in 0..3 {
            assert_eq!(ann.expect::<Place>().await, place(1, n));
        }
    }
}

#[tokio::test]
async fn it_is_in_no_history() {
    let channels = channels![Kept];
    let hub = channels.of::<Kept>();
    let server = start(channels.app(())).await;
    let mut raw = server.raw("/kept/a").await;
    let room = hub.room(&Kept::room("a"));
    within(async {
        while room.is_empty() {
            yield_now().await;
        }
    })
    .await;
    room.send(Total { n: 1 });
    raw.expect(Frame::text(r#"{"type":"total","n":1}"#)).await;
    assert!(room.send(Line { text: "kept".into() }).is_complete());
    raw.expect(Frame::text(r#"{"$seq":1,"type":"line","text":"kept"}"#)).await;
}

#[cfg(feature = "cluster")]
mod over_nodes {
    use std::sync::Mutex;

    use super::*;

    #[channel("/far/:room", history, each_node)]
    pub struct Far {
        room: String,
    }

    #[channel(sends(Place, Line))]
    impl Far {}

    #[tokio::test(start_paused = true)]
    async fn the_other_node_tells_the_newest_and_keeps_it_in_no_history() {
        let hubs = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&hubs);
        let two = testing::cluster_with(
            2,
            || channels![Far; cluster],
            move |channels| {
                all.lock().unwrap().push(channels.of::<Far>());
                channels.app(())
            },
        )
        .await;
        let mut bob = two[1].connect::<Far>("/far/a").await.unwrap();
        let here: Hub<Far> = hubs.lock().unwrap()[0].clone();
        let room = here.room(&Far::room("a"));
        for n in 1..=2 {
            assert!(room.send(place(1, n)).is_complete());
        }
        assert!(room.send(Line { text: "kept".into() }).is_complete());
        two.settle().await;
        let mut texts = bob.take_texts();
        texts.sort();
        // The first of all that have a number.
        let line = r#"{"$seq":1,"type":"line","text":"kept"}"#;
        assert_eq!(texts, [line, r#"{"type":"place","no":1,"n":2,"padding":""}"#]);
    }
}

async fn next(raw: &mut Raw) -> Value {
    let frame = raw.frame().await.expect("it is open");
    serde_json::from_slice(&frame.payload).expect("it is JSON")
}

async fn opened(raw: &mut Raw) {
    assert_eq!(next(raw).await["type"], "line");
}

fn long(number: u32, n: usize) -> Place {
    Place { number, n, padding: "x".repeat(8 * 1024) }
}

#[tokio::test]
async fn of_ten_one_stalls_and_the_nine_others_hear_each() {
    let (server, hub, _) = board();
    let server = start(server).await;
    let mut nine = Vec::new();
    for n in 0..9 {
        let mut raw = server.raw(&format!("/board/a?name={n}")).await;
        opened(&mut raw).await;
        nine.push(raw);
    }
    let mut stalled = server.connect_with_small_window().await;
    stalled.upgrade("/board/a?name=stalled").await;
    opened(&mut stalled).await;
    let room = hub.room(&Board::room("a"));
    let mut replaced = 0;
    for n in 1..=300 {
        let sent = room.send(long(1, n));
        assert_eq!((sent.recipients, sent.refused), (10, 0));
        room.ready().await;
        replaced += sent.replaced;
        for raw in &mut nine {
            assert_eq!(next(raw).await["n"], n);
        }
    }
    assert!(replaced > 100, "{replaced}");
    let stats = hub.stats();
    let of_type = |name| stats.replaced.iter().find(|(of, _)| *of == name).unwrap().1;
    assert_eq!((of_type("place"), of_type("tick")), (replaced as u64, 0));
    assert_eq!((hub.all().len(), stats.send_refused), (10, 0), "it is behind, and is not closed for that");
    // At most one waits in the server: what it is sent now is what its kernel has, one, and the newest.
    let mut heard = Vec::new();
    while heard.last() != Some(&300) {
        heard.push(next(&mut stalled).await["n"].as_u64().unwrap());
    }
    assert!(heard.is_sorted() && heard.len() < 60, "{heard:?}");
}

/// The pace is counted in bytes: for each that is offered the slow client takes half a one.
async fn half_is_taken(config: Config, unsent: usize) {
    let (server, hub, _) = board();
    let server = start(server.config(config)).await;
    let mut fast = server.raw("/board/a?name=fast").await;
    opened(&mut fast).await;
    let mut slow = server.connect_with_small_window().await;
    slow.upgrade("/board/a?name=slow").await;
    opened(&mut slow).await;
    let room = hub.room(&Board::room("a"));
    // What the client's kernel keeps, what the socket holds, and what is pulled at once: while it is taken, twice as much is offered. Keys
    // are pulled in turns, so that the newest of those may be some behind.
    let held = slow.receive_buffer() + unsent + 16 * 1024;
    let oldest = 2 * held.div_ceil(8 * 1024) as u64 + 5;
    let (mut offered, mut taken, mut had) = (0, 0, BTreeMap::new());
    for n in 1..=600_u64 {
        let number = (n % 5) as u32;
        assert!(room.send(long(number, n as usize)).is_complete());
        offered += 8 * 1024;
        assert_eq!(next(&mut fast).await["n"], n);
        while taken < offered / 2 {
            taken += slow.take_in(8 * 1024).await;
            while let Some(frame) = slow.frame_taken_in() {
                let value: Value = serde_json::from_slice(&frame.payload).unwrap();
                let (key, n) = (value["no"].as_u64().unwrap(), value["n"].as_u64().unwrap());
                assert!(had.insert(key, n).is_none_or(|before| before < n), "an older one behind a newer one");
            }
            if had.values().max() == Some(&n) {
                // There is no more to take.
                taken = taken.max(offered / 2);
            }
        }
        let age = n - had.values().max().copied().unwrap_or(0);
        assert!(!cfg!(any(target_os = "android", target_os = "linux")) || age <= oldest, "{n}: {had:?}");
    }
    let newest = (596..=600).map(|n| (n % 5, n)).collect::<BTreeMap<_, _>>();
    within(async {
        while had != newest {
            let value = next(&mut slow).await;
            had.insert(value["no"].as_u64().unwrap(), value["n"].as_u64().unwrap());
        }
    })
    .await;
    assert_eq!(hub.all().len(), 2);
}

#[tokio::test]
async fn who_takes_half_of_what_is_offered_has_the_newest_and_the_other_is_no_slower() {
    // 18 of them are half a second at 300 kB/s.
    half_is_taken(Config::default(), 32 * 1024).await;
    half_is_taken(Config::default().unsent_bytes(8 * 1024), 8 * 1024).await;
}

#[tokio::test]
async fn a_thousand_keys_are_told_to_a_room_and_one_more_is_refused() {
    let (server, hub, _) = board();
    let app = testing::app(server);
    let mut ann = enters(&app, "ann").await;
    let room = hub.room(&Board::room("a"));
    for number in 0..1000 {
        assert_eq!(outcome(room.send(place(number, 1))), (1, 0));
    }
    let sent = room.send(place(1000, 1));
    assert!(sent.too_many_keys && !sent.is_complete() && sent.refused == 1, "{sent:?}");
    assert_eq!(hub.stats().send_refused, 1);
    for number in 0..1000 {
        assert_eq!(ann.expect::<Place>().await, place(number, 1));
    }
    room.send(place(500, 2));
    assert_eq!(ann.expect::<Place>().await, place(500, 2));
}

#[tokio::test]
async fn nobody_is_slowed_who_sends_to_those_who_stall() {
    let (server, hub, _) = board();
    let server = start(server).await;
    let mut sender = server.raw("/board/a?name=sender").await;
    opened(&mut sender).await;
    let mut stalled = Vec::new();
    for n in 0..3 {
        let mut raw = server.connect_with_small_window().await;
        raw.upgrade(&format!("/board/a?name={n}")).await;
        opened(&mut raw).await;
        stalled.push(raw);
    }
    let room = hub.room(&Board::room("a"));
    for n in 1..=300 {
        room.send(long(1, n));
        let mut ready = Box::pin(room.ready());
        assert!(poll_fn(|cx| Poll::Ready(ready.as_mut().poll(cx).is_ready())).await, "the sender is held, after {n}");
        yield_now().await;
    }
    sender.write(text(&json!({ "type": "move_to", "ref": 1, "number": 2, "n": 2 }).to_string())).await;
    while next(&mut sender).await["type"] != "success" {}
    assert_eq!(hub.all().len(), 4);
}

/// Its outbox takes two long values at once.
#[channel("/narrow", outbox_bytes = "68KiB")]
pub struct Narrow;

#[channel(sends(Place))]
impl Narrow {}

/// Each time that the client takes more there are new values of all keys, and it takes fewer of them.
#[tokio::test]
async fn no_key_waits_for_ever_behind_those_that_are_renewed_all_the_time() {
    const KEYS: u32 = 20;

    let channels = channels![Narrow];
    let hub = channels.of::<Narrow>();
    let server = start(channels.app(())).await;
    let mut slow = server.connect_with_small_window().await;
    slow.upgrade("/narrow").await;
    within(async {
        while hub.all().is_empty() {
            yield_now().await;
        }
    })
    .await;
    let mut heard = BTreeMap::<u64, u32>::new();
    for n in 1..=200 {
        for number in 0..KEYS {
            assert!(hub.all().send(long(number, n)).is_complete());
        }
        let mut taken = 0;
        while taken < 2 * 8 * 1024 {
            taken += slow.take_in(16 * 1024).await;
            while let Some(frame) = slow.frame_taken_in() {
                let value: Value = serde_json::from_slice(&frame.payload).unwrap();
                *heard.entry(value["no"].as_u64().unwrap()).or_default() += 1;
            }
        }
    }
    assert_eq!(heard.len(), KEYS as usize);
    // A key's turn comes each tenth time, and there are 200 times.
    assert!(heard.values().all(|times| *times >= 10), "{heard:?}");
}
