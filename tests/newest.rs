//! Newest values beside what else there is: several runtimes, history, compression, and publishing from outside.

mod support;

use std::collections::BTreeMap;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Compression, Config, Hub, Ops, OpsToken, Socket, channel, channels, message};
use flate2::{Decompress, FlushDecompress};
use serde_json::{Value, json};
use support::two_runtimes::TwoRuntimes;
use support::{Frame, Raw, start, upgrade, within};
use tokio::task::yield_now;

/// Told once, and then not before the test has ended.
#[message(type = "hourly", latest(every = "1h"))]
#[derive(Debug, PartialEq)]
pub struct Hourly {
    n: u32,
}

#[message(type = "tick", latest(key = symbol))]
#[derive(Debug, PartialEq)]
pub struct Tick {
    symbol: u32,
    n: u32,
    padding: String,
}

#[message(type = "place", latest(key = symbol))]
#[derive(Debug, PartialEq)]
pub struct Place {
    symbol: u32,
    n: u32,
    padding: String,
}

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

#[channel("/board/:room")]
pub struct Board {
    room: String,
}

#[channel(sends(Hourly, Tick))]
impl Board {}

#[channel("/kept/:room", history(size = 100))]
pub struct Kept {
    room: String,
}

#[channel(sends(Tick, Place, Line))]
impl Kept {
    /// All that waits by then does with these.
    fn on_connect(&mut self, socket: &Socket<Self>) {
        for _ in 0..2 {
            assert!(socket.send(Line { text: "y".repeat(12 * 1024) }).is_complete());
        }
    }
}

fn tick(symbol: u32, n: u32, padding: usize) -> Tick {
    Tick { symbol, n, padding: "x".repeat(padding) }
}

async fn are_here(hub: &Hub<Board>, members: usize) {
    within(async {
        while hub.all().len() != members {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_that_waits_for_its_time_is_told_if_the_runtime_ends_that_was_to_tell_it() {
    let channels = channels![Board];
    let hub = channels.of::<Board>();
    let mut servers = TwoRuntimes::start(&channels.app(()).service());
    let mut ann = Raw::open(servers.addrs[0], "/board/a").await;
    are_here(&hub, 1).await;
    let mut bob = Raw::open(servers.addrs[1], "/board/a").await;
    are_here(&hub, 2).await;
    let room = hub.room(&Board::room("a"));
    room.send(Hourly { n: 1 });
    for raw in [&mut ann, &mut bob] {
        raw.expect(Frame::text(r#"{"type":"hourly","n":1}"#)).await;
    }
    // The task that tells it is on the runtime of the first member, and sleeps.
    room.send(Hourly { n: 2 });
    servers.end(0).await;
    bob.expect(Frame::text(r#"{"type":"hourly","n":2}"#)).await;
    are_here(&hub, 1).await;
    room.send(Hourly { n: 3 });
    bob.expect(Frame::text(r#"{"type":"hourly","n":3}"#)).await;
}

/// What was missed is half of the bound, the values of each type are more than a quarter of it, and `on_connect` sends more.
#[tokio::test(start_paused = true)]
async fn who_resumes_where_there_are_many_values_has_room_for_what_it_is_sent_and_ends_with_all() {
    const KEYS: u32 = 20;
    let channels = channels![Kept];
    let hub = channels.of::<Kept>();
    let app = testing::app(channels.app(()).config(Config::default().outbox_bytes(64 * 1024)));
    let _bob = app.connect::<Kept>("/kept/a").await.unwrap();
    let mut ann = app.connect::<Kept>("/kept/a").knowing().await.unwrap();
    ann.joined().await;
    for _ in 0..2 {
        ann.expect::<Line>().await;
    }
    ann.lose();
    app.settle().await;
    let room = hub.room(&Kept::room("a"));
    for n in 0..30 {
        assert!(room.send(Line { text: format!("{n} {}", "x".repeat(1000)) }).is_complete());
    }
    for n in 1..=2 {
        for symbol in 0..KEYS {
            assert!(room.send(tick(symbol, n, 1000)).is_complete());
            assert!(room.send(Place { symbol, n, padding: "x".repeat(1000) }).is_complete());
        }
    }
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(30));
    for n in 0..30 {
        assert!(ann.expect::<Line>().await.text.starts_with(&format!("{n} ")));
    }
    for _ in 0..2 {
        ann.expect::<Line>().await;
    }
    app.settle().await;
    let mut had = BTreeMap::new();
    for text in ann.take_texts() {
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(
            had.insert((value["type"].to_string(), value["symbol"].as_u64()), value["n"].clone()).is_none(),
            "{text}"
        );
    }
    assert_eq!(had.len(), 2 * KEYS as usize);
    assert!(had.values().all(|n| *n == 2), "{had:?}");
    assert!(room.send(Line { text: "and on".into() }).is_complete());
    assert_eq!(ann.expect::<Line>().await.text, "and on");
}

async fn connects_with_deflate(server: &support::Running) -> Raw {
    let mut raw = server.connect().await;
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let response = raw.request(&upgrade("/board/a").replacen("\r\n\r\n", offer, 1)).await;
    assert_eq!(response.status, 101);
    raw
}

fn inflated(frame: &Frame) -> Tick {
    assert_eq!(frame.first, 0xC1, "it is compressed");
    let mut text = Vec::with_capacity(1 << 16);
    let input = [&frame.payload[..], &[0, 0, 0xFF, 0xFF]].concat();
    Decompress::new(false).decompress_vec(&input, &mut text, FlushDecompress::None).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn plain(frame: &Frame) -> Tick {
    assert_eq!(frame.first, 0x81, "it is not compressed");
    serde_json::from_slice(&frame.payload).unwrap()
}

#[tokio::test]
async fn each_member_is_told_in_the_form_that_it_reads_and_who_enters_in_plain_text() {
    let channels = channels![Board];
    let hub = channels.of::<Board>();
    let server = start(channels.app(()).config(Config::default().compression(Compression::default()))).await;
    let mut reads_deflate = connects_with_deflate(&server).await;
    let mut reads_plain = server.raw("/board/a").await;
    are_here(&hub, 2).await;
    let room = hub.room(&Board::room("a"));
    // With others of its kind it is joined; alone it would be too long for that.
    for (n, padding) in [(1, 600), (2, 600), (3, 20_000)] {
        for symbol in [7, 8] {
            room.send(tick(symbol, n, padding));
        }
        for symbol in [7, 8] {
            let expected = tick(symbol, n, padding);
            let frame = reads_deflate.frame().await.unwrap();
            assert!(frame.payload.len() < 200);
            assert_eq!(inflated(&frame), expected);
            assert_eq!(plain(&reads_plain.frame().await.unwrap()), expected);
        }
    }
    let mut enters = connects_with_deflate(&server).await;
    for symbol in [7, 8] {
        assert_eq!(plain(&enters.frame().await.unwrap()), tick(symbol, 3, 20_000));
    }
    room.send(tick(9, 4, 600));
    assert_eq!(inflated(&enters.frame().await.unwrap()), tick(9, 4, 600));
}

#[tokio::test(start_paused = true)]
async fn what_is_published_replaces_by_its_key_too() {
    const SECRET: &str = "publisher-0123456789abcdef0123456789";
    let server = channels![Board].app(());
    let ops = Ops::new().publish(OpsToken::new(SECRET).unwrap());
    let routes = ops.filter(&server);
    let app = testing::app(server.or(routes));
    let mut ann: Client<Board> = app.connect("/board/a").await.unwrap();
    async fn publish(app: &TestApp<()>, symbol: u32, n: u32) -> u16 {
        let message = json!({ "type": "tick", "symbol": symbol, "n": n, "padding": "" });
        let body = json!({ "room": "/board/a", "message": message }).to_string();
        let request = app.post("/v1/publish").header("authorization", &format!("Bearer {SECRET}")).body(body);
        request.await.status.as_u16()
    }
    for (symbol, n) in [(1, 1), (2, 2), (1, 3)] {
        assert_eq!(publish(&app, symbol, n).await, 200);
        assert_eq!(ann.expect::<Tick>().await, tick(symbol, n, 0));
    }
    let mut bob: Client<Board> = app.connect("/board/a").await.unwrap();
    for (symbol, n) in [(2, 2), (1, 3)] {
        assert_eq!(bob.expect::<Tick>().await, tick(symbol, n, 0), "the newest of each key, and nothing else");
    }
    bob.expect_nothing().await;
    for symbol in 3..=1000 {
        assert_eq!(publish(&app, symbol, 1).await, 200);
    }
    assert_eq!(publish(&app, 1001, 1).await, 422, "one key more than a room may have");
    assert_eq!(publish(&app, 1000, 2).await, 200);
}
