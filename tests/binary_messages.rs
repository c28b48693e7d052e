//! Binary messages of types: known by their first byte, read and written by their own functions or by a codec, and otherwise
//! messages like any other.

mod support;

use std::fmt::Display;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Batched, BinaryCodec, Channels, CloseCode, ClosedBy, Compression, Config, DecodeError, Deferred, Fault, Message,
    Rate, Received, ReceivedBody, Socket, Success, channel, channels, message,
};
use futures::{SinkExt as _, StreamExt as _};
use garde::Validate;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use support::within;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

pub enum Postcard {}

impl BinaryCodec for Postcard {
    fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, impl Display> {
        match postcard::take_from_bytes(data) {
            Ok((message, [])) => Ok(message),
            Ok(_) => Err("there are bytes behind it".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn write<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl Display> {
        postcard::to_io(message, out).map(drop)
    }
}

pub enum MessagePack {}

impl BinaryCodec for MessagePack {
    fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, impl Display> {
        let mut rest = data;
        let message = rmp_serde::from_read(&mut rest).map_err(|error| error.to_string())?;
        if rest.is_empty() { Ok(message) } else { Err("there are bytes behind it".to_owned()) }
    }

    fn write<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl Display> {
        rmp_serde::encode::write_named(out, message)
    }
}

#[message(binary, kind = 1)]
#[derive(Clone, Debug, PartialEq)]
pub struct Pixel {
    x: u8,
    y: u8,
    color: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        match data[..] {
            [13, ..] => panic!("a pixel that panics"),
            [x, y, color] => Ok(Self { x, y, color }),
            _ => Err(format!("a pixel has 3 bytes, and not {}", data.len())),
        }
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.extend([self.x, self.y, self.color]);
    }
}

const RED: Pixel = Pixel { x: 1, y: 2, color: 3 };

/// Any bytes, as they are.
#[message(binary, kind = b'd')]
#[derive(Debug, PartialEq)]
pub struct Drawing(Bytes);

impl Drawing {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self(data))
    }

    fn to_bytes(&self, out: &mut Vec<u8>) -> Result<(), String> {
        match &self.0[..] {
            b"refused" => Err("no such drawing".into()),
            b"impudent" => {
                out.clear();
                out.extend_from_slice(b"all my own");
                Ok(())
            }
            data => {
                out.extend_from_slice(data);
                Ok(())
            }
        }
    }
}

#[message(binary, kind = 2, codec = Postcard)]
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    color: u32,
    points: Vec<(u16, u16)>,
    label: Option<String>,
}

/// Keys that a text could not have.
#[message(binary, kind = 255, codec = MessagePack, validate)]
#[derive(Debug, PartialEq, Validate)]
pub struct Cursor {
    #[serde(rename = "type")]
    #[garde(length(max = 3))]
    pen: String,
    #[serde(rename = "$at")]
    #[garde(skip)]
    at: (f32, f32),
}

#[message(binary, kind = 7, codec = Postcard)]
#[derive(Debug, PartialEq)]
pub struct Wipe;

/// Counts how often it is written.
#[message(binary, kind = 9)]
pub struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn from_bytes(_: Bytes) -> Result<Self, String> {
        Ok(Self(Arc::default()))
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[message(binary, kind = 3, rate = "2/h")]
pub struct Seldom;

impl Seldom {
    fn from_bytes(_: Bytes) -> Result<Self, String> {
        Ok(Self)
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {}
}

/// What a handler is to do, as a text.
#[message(type = "act")]
pub struct Act {
    how: String,
}

#[message(type = "painted")]
#[derive(Debug, PartialEq)]
pub struct Painted {
    color: u8,
}

#[derive(Debug, Hash)]
pub struct Layer(u8);

impl Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

pub struct App {
    wiped: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    /// A permit for each handler that has begun.
    begun: Semaphore,
    gate: Semaphore,
    invalid: Mutex<Vec<DecodeError>>,
}

impl Default for App {
    fn default() -> Self {
        let (wiped, running, most) = Default::default();
        Self { wiped, running, most, begun: Semaphore::new(0), gate: Semaphore::new(0), invalid: Mutex::default() }
    }
}

#[channel("/board/:name", app = App, rooms(Layer))]
pub struct Board {
    name: String,
}

#[channel(sends(Pixel, Drawing, Stroke, Cursor, Painted))]
impl Board {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        for layer in 1..=3 {
            socket.join(&Layer(layer));
        }
    }

    /// Answered by a text, or not at all.
    #[message]
    fn paint(&self, pixel: Pixel) -> Result<Option<Painted>, Fault> {
        match pixel.color {
            0 => Ok(None),
            255 => Err(Fault::new("board.color", "there is no such color")),
            color => Ok(Some(Painted { color })),
        }
    }

    #[message]
    fn draw(&self, drawing: Drawing) -> Drawing {
        drawing
    }

    #[message]
    async fn stroke(&self, stroke: Stroke, socket: &Socket<Self>) {
        socket.others().send(stroke);
    }

    #[message]
    fn point(&self, cursor: Cursor, socket: &Socket<Self>) -> Deferred<BoardToClient> {
        let (answer, deferred) = socket.defer().typed();
        answer.send(cursor.into());
        deferred
    }

    #[message]
    fn wipe(&self, _: Wipe, app: &App) {
        app.wiped.fetch_add(1, Ordering::SeqCst);
    }

    #[message]
    async fn act(&self, act: Act, socket: &Socket<Self>) -> Result<BoardToClient, Fault> {
        let sent = match act.how.as_str() {
            "enum" => return Ok(RED.into()),
            "text" => return Ok(Painted { color: 9 }.into()),
            "fail" => return Err(Fault::new("board.no", "no")),
            "refused" => return Ok(Drawing(Bytes::from(act.how.into_bytes())).into()),
            "room" => socket.room().send(RED),
            "layers" => socket.rooms([Layer(1), Layer(2), Layer(9)]).send(RED),
            "made" => socket.others().send_with(|room| Pixel { x: room.len() as u8, ..RED }),
            "many" => socket.send_all([RED; 3]).await,
            "hub" => socket.hub().all().send(RED),
            "nobody" => socket.room_of(&Layer(9)).send(RED),
            _ => socket.send(Drawing(Bytes::from(act.how.into_bytes()))),
        };
        Ok(Painted { color: sent.recipients as u8 }.into())
    }

    #[message(type = "one")]
    fn one(&self) -> Pixel {
        RED
    }

    fn on_invalid(&mut self, error: DecodeError, app: &App) {
        app.invalid.lock().unwrap().push(error);
    }
}

/// Takes other binary messages too.
#[channel("/wall", app = App, rooms(Layer))]
pub struct Wall;

#[channel(sends(Counted, Bytes))]
impl Wall {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        for layer in 1..=3 {
            socket.join(&Layer(layer));
        }
    }

    #[message]
    fn wipe(&self, _: Wipe, app: &App) {
        app.wiped.fetch_add(1, Ordering::SeqCst);
    }

    fn on_binary(&mut self, data: Bytes) -> Bytes {
        data
    }
}

#[channel("/busy", app = App)]
pub struct Busy;

#[channel(sends(Drawing))]
impl Busy {
    #[message]
    fn seldom(&self, _: Seldom) -> Success<u8> {
        Success(1)
    }

    #[message(concurrent = 2)]
    async fn draw(&self, drawing: Drawing, app: &App) -> Drawing {
        let running = app.running.fetch_add(1, Ordering::SeqCst) + 1;
        app.most.fetch_max(running, Ordering::SeqCst);
        app.begun.add_permits(1);
        app.gate.acquire().await.unwrap().forget();
        app.running.fetch_sub(1, Ordering::SeqCst);
        drawing
    }

    #[message(batch(size = 2, wait = "1h"))]
    async fn strokes(batch: Vec<Batched<Self, Stroke>>) {
        let labels = batch.iter().map(|stroke| stroke.message.label.clone().unwrap_or_default());
        let labels: Bytes = labels.collect::<Vec<_>>().join(" ").into();
        for stroke in batch {
            stroke.reply(Drawing(labels.clone()));
        }
    }

    #[message(timeout = "2s")]
    async fn hang(&mut self, _: Wipe) {
        std::future::pending().await
    }
}

/// The check of the lock is this compiling.
fn locked() -> Channels<App> {
    channels![Board, Wall; lock = "tests/describe/binary_messages.lock"]
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
}

impl Test {
    fn new(config: Config) -> Self {
        let shared = Arc::new(App::default());
        Self { app: testing::app(channels![Board, Wall, Busy].app_arc(shared.clone()).config(config)), shared }
    }

    async fn client(&self) -> Client<Board> {
        self.app.connect("/board/one").await.unwrap()
    }

    async fn wall(&self) -> Client<Wall> {
        self.app.connect("/wall").await.unwrap()
    }

    async fn busy(&self) -> Client<Busy> {
        self.app.connect("/busy").await.unwrap()
    }
}

async fn client() -> Client<Board> {
    Test::new(Config::default()).client().await
}

fn stroke() -> Stroke {
    Stroke { color: 0xFF00FF, points: vec![(1, 2), (300, 4000)], label: Some("ä".into()) }
}

fn act(how: &str) -> Act {
    Act { how: how.into() }
}

#[tokio::test]
async fn the_first_byte_says_which_handler_and_the_rest_is_its_own() {
    let test = Test::new(Config::default());
    let mut ann = test.client().await;
    let mut bob = test.client().await;
    ann.binary([1, 10, 20, 30]);
    assert_eq!(ann.expect_text().await, r#"{"type":"painted","color":30}"#);
    ann.binary(b"dabc");
    assert_eq!(ann.expect_binary().await, &b"dabc"[..]);
    ann.binary(b"d");
    assert_eq!(ann.expect_binary().await, &b"d"[..], "nothing but a kind");
    ann.binary([7]);
    ann.binary([&[2][..], &postcard::to_allocvec(&stroke()).unwrap()].concat());
    assert_eq!(bob.expect::<Stroke>().await, stroke());
    ann.expect_nothing().await;
    assert_eq!(test.shared.wiped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_returned_is_sent_as_what_it_is() {
    let mut client = client().await;
    client.send(RED);
    assert_eq!(client.expect::<Painted>().await, Painted { color: 3 });
    client.send(Drawing(Bytes::from_static(b"a house")));
    assert_eq!(client.expect::<Drawing>().await, Drawing(Bytes::from_static(b"a house")));
    let cursor = || Cursor { pen: "pen".into(), at: (0.5, -1.0) };
    client.send(cursor());
    assert_eq!(client.expect::<Cursor>().await, cursor(), "deferred, and in the enum");
    client.send(Pixel { color: 0, ..RED });
    client.expect_nothing().await;
    client.send(Pixel { color: 255, ..RED });
    let fault = client.expect_any().await;
    assert!(
        fault.reference.is_none()
            && matches!(fault.body, ReceivedBody::Error { fault, .. } if fault.code == "board.color")
    );
}

#[tokio::test]
async fn a_question_that_is_answered_by_bytes_is_also_answered_by_its_ref() {
    let mut client = client().await;
    client.send_text(r#"{"type":"act","ref":"a","how":"enum"}"#);
    assert_eq!(client.expect_binary().await, &[1, 1, 2, 3][..]);
    assert_eq!(client.expect_text().await, r#"{"type":"success","ref":"a"}"#);
    client.send_text(r#"{"type":"one","ref":1}"#);
    assert_eq!(client.expect::<Pixel>().await, RED);
    assert_eq!(client.expect_text().await, r#"{"type":"success","ref":1}"#);
    client.send_text(r#"{"type":"one"}"#);
    assert_eq!(client.expect::<Pixel>().await, RED);
    client.expect_nothing().await;
    assert_eq!(client.request(act("text")).reply::<Painted>().await, Painted { color: 9 });
    client.request(act("fail")).error("board.no").await;
}

#[tokio::test]
#[should_panic(expected = "a binary message has no ref: ask for `.success()`, and then for the message by `.expect()`")]
async fn a_test_that_asks_for_bytes_by_a_ref_is_told_what_to_ask_for() {
    client().await.request(act("enum")).reply::<Pixel>().await;
}

#[tokio::test]
async fn every_way_to_send_sends_binary_messages() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.client().await, test.client().await);
    for (how, hers, his) in [
        ("room", &[RED][..], &[RED][..]),
        ("layers", &[RED], &[RED]),
        ("made", &[], &[Pixel { x: 2, ..RED }]),
        ("many", &[RED; 3], &[]),
        ("hub", &[RED], &[RED]),
        ("nobody", &[], &[]),
    ] {
        ann.send(act(how));
        for pixel in hers {
            assert_eq!(ann.expect::<Pixel>().await, *pixel, "{how}");
        }
        let count = hers.len() + his.len();
        assert_eq!(ann.expect::<Painted>().await, Painted { color: count as u8 }, "{how}");
        for pixel in his {
            assert_eq!(bob.expect::<Pixel>().await, *pixel, "{how}");
        }
        ann.expect_nothing().await;
        bob.expect_nothing().await;
    }
}

#[tokio::test]
async fn what_is_sent_to_many_is_written_once() {
    let shared = Arc::new(App::default());
    let channels = channels![Wall];
    let hub = channels.of::<Wall>();
    let app = testing::app(channels.app_arc(shared));
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(app.connect::<Wall>("/wall").await.unwrap());
    }
    let counted = Arc::new(AtomicUsize::new(0));
    let message = || Counted(counted.clone());
    assert_eq!(hub.all().send(message()).recipients, 20);
    assert_eq!(counted.load(Ordering::SeqCst), 1);
    assert_eq!(hub.rooms([Layer(1), Layer(2), Layer(3)]).send(message()).recipients, 20);
    assert_eq!(counted.load(Ordering::SeqCst), 2, "once for all rooms, because no room is named in it");
    assert_eq!(hub.room(&Layer(7)).send(message()).recipients, 0);
    assert_eq!(counted.load(Ordering::SeqCst), 2, "not for nobody");
    for mut client in clients {
        assert_eq!(client.expect_binary().await, &[9][..]);
        client.expect::<Counted>().await;
    }
}

#[tokio::test]
async fn what_a_message_refuses_is_answered_with_the_reason() {
    let test = Test::new(Config::default());
    let mut client = test.client().await;
    client.binary([1, 10, 20]);
    assert_eq!(
        client.expect_error(Fault::INVALID_PAYLOAD).await.message,
        r#"invalid message of type "(binary 1) pixel": a pixel has 3 bytes, and not 2"#
    );
    client.binary([2, 0xFF]);
    let fault = client.expect_error(Fault::INVALID_PAYLOAD).await;
    assert!(fault.message.starts_with(r#"invalid message of type "(binary 2) stroke": "#), "{}", fault.message);
    client.binary([&[255][..], &rmp_serde::to_vec_named(&json!({ "$at": [1.0, 2.0] })).unwrap()].concat());
    assert!(client.expect_error(Fault::INVALID_PAYLOAD).await.message.ends_with("missing field `type`"));
    let cursor = Cursor { pen: "pen".into(), at: (0.0, 0.0) };
    let more = [
        [&[2][..], &postcard::to_allocvec(&stroke()).unwrap()].concat(),
        [&[255][..], &rmp_serde::to_vec_named(&cursor).unwrap()].concat(),
        vec![7],
    ];
    for message in more {
        client.binary([&message[..], b"more"].concat());
        let fault = client.expect_error(Fault::INVALID_PAYLOAD).await;
        assert!(fault.message.ends_with(": there are bytes behind it"), "{}", fault.message);
    }
    client.send(Cursor { pen: "pencil".into(), at: (0.0, 0.0) });
    let fault = client.expect_error(Fault::VALIDATION).await;
    assert_eq!(fault.details["fields"][0]["path"], "type");
    let invalid = std::mem::take(&mut *test.shared.invalid.lock().unwrap());
    assert!(
        matches!(&invalid[0], DecodeError::InvalidBinary { kind, reason }
            if kind == "(binary 1) pixel" && reason == "a pixel has 3 bytes, and not 2"),
        "{invalid:?}"
    );
    assert_eq!(invalid.len(), 7);
    client.send(RED);
    client.expect::<Painted>().await;
}

#[tokio::test]
async fn details_of_what_is_wrong_may_be_kept_back() {
    let mut config = Config::default();
    config.error_details = false;
    let mut client = Test::new(config).client().await;
    client.binary([1]);
    assert_eq!(client.expect_error(Fault::INVALID_PAYLOAD).await.message, "invalid message");
}

#[tokio::test]
async fn a_kind_that_is_none_of_the_channel_s_is_for_on_binary() {
    let test = Test::new(Config::default());
    let mut wall = test.wall().await;
    for other in [&[8, 7, 7][..], &[], &[0], b"d is of another channel"] {
        wall.binary(other);
        assert_eq!(wall.expect_binary().await, other, "whole");
    }
    wall.send(Wipe);
    wall.expect_nothing().await;
    assert_eq!(test.shared.wiped.load(Ordering::SeqCst), 1);

    let mut board = test.client().await;
    for (other, what) in [(&[8, 7, 7][..], "(binary 8)"), (&[], "(binary)"), (&[0], "(binary 0)")] {
        board.binary(other);
        let fault = board.expect_error(Fault::UNKNOWN_TYPE).await;
        assert_eq!(fault.message, format!("unknown message type {what:?}"));
    }
    let invalid = test.shared.invalid.lock().unwrap();
    assert!(matches!(&invalid[0], DecodeError::UnknownType { kind } if kind == "(binary 8)"), "{invalid:?}");
}

#[tokio::test]
async fn no_text_is_a_binary_message() {
    let mut client = client().await;
    for text in [
        r#"{"type":"(binary 1) pixel","x":1,"y":2,"color":3}"#,
        r#"{"x":1,"y":2,"color":3,"type":"(binary 1) pixel"}"#,
        r#"{"ref":null,"points":[],"type":"(binary 2) stroke","color":1,"label":null}"#,
        r#"{"type":"(binary 7) wipe"}"#,
        r#"{"type":"(binary 7)"}"#,
        r#"{"type":"(other"}"#,
    ] {
        client.send_text(text);
        client.expect_error(Fault::UNKNOWN_TYPE).await;
    }
    client.send_text(r#"{"type":"(binary 7) wipe","ref":3}"#);
    assert!(client.expect_text().await.starts_with(r#"{"type":"error","ref":3,"code":"unknown_type""#));
    let json = r#"{"type":"(binary 1) pixel","x":1}"#;
    assert!(serde_json::from_str::<BoardFromClient>(json).is_err(), "nor by serde alone");
    assert!(serde_json::to_string(&BoardFromClient::from(RED)).is_err());
    assert!(matches!(Received::<Board>::from_text(json).unwrap().body, ReceivedBody::Unknown { .. }));
}

#[tokio::test]
async fn a_message_that_can_t_be_written_is_not_sent_and_harms_no_other() {
    let test = Test::new(Config::default());
    let mut client = test.client().await;
    for refused in [&b"drefused"[..], b"dimpudent"] {
        client.binary(refused);
        client.expect_error(Fault::INTERNAL).await;
    }
    client.request(act("refused")).error(Fault::INTERNAL).await;
    client.send(act("a house"));
    assert_eq!(client.expect::<Drawing>().await, Drawing(Bytes::from_static(b"a house")));
    client.expect::<Painted>().await;
}

#[tokio::test]
async fn a_message_whose_reading_panics_ends_its_own_connection() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.client().await, test.client().await);
    ann.binary([1, 13]);
    assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    bob.send(RED);
    bob.expect::<Painted>().await;
}

#[tokio::test]
async fn each_type_is_counted_for_itself() {
    let channels = channels![Board, Wall];
    let (board, wall) = (channels.of::<Board>(), channels.of::<Wall>());
    let app = testing::app(channels.app(App::default()));
    let mut client = app.connect::<Board>("/board/one").await.unwrap();
    for data in [&[1, 1, 2, 3][..], &[1, 1, 2, 4], &[7], &[1], &[99]] {
        client.binary(data);
    }
    let mut other = app.connect::<Wall>("/wall").await.unwrap();
    other.binary([7]);
    other.binary([99]);
    app.settle().await;
    let stats = board.stats();
    let received: Vec<_> = stats.received.iter().filter(|(_, count)| *count > 0).copied().collect();
    assert_eq!(received, [("(binary 1) pixel", 2), ("(binary 7) wipe", 1)]);
    assert_eq!((stats.received_invalid, stats.received_binary), (1, 1));
    assert_eq!((wall.stats().received_invalid, wall.stats().received_binary), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rate_closes_because_no_answer_could_say_what_was_lost() {
    let channels = channels![Busy];
    let hub = channels.of::<Busy>();
    let app = testing::app(channels.app(App::default()));
    let mut client = app.connect::<Busy>("/busy").await.unwrap();
    for _ in 0..2 {
        client.send(Seldom);
        assert_eq!(client.expect_success().await, 1);
    }
    client.send(Seldom);
    let (code, reason) = client.expect_close().await;
    assert_eq!((code, reason.as_str()), (CloseCode::POLICY, "too many messages: a binary message was refused"));
    app.settle().await;
    assert_eq!((hub.stats().rate_limited, hub.ended(ClosedBy::RateLimited)), (1, 1));
}

/// Taken from each user so often, on whatever device.
#[message(binary, kind = 4, rate = "2/h", per = "user", codec = Postcard)]
pub struct Rare;

#[channel("/rare/:name")]
pub struct Collector {
    name: String,
}

#[channel(sends(Drawing))]
impl Collector {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message]
    fn rare(&self, _: Rare) -> Drawing {
        Drawing(Bytes::from_static(b"one of few"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_s_rate_holds_over_all_connections_and_closes_the_one_that_breaks_it() {
    let app = testing::app(channels![Collector].app(()));
    let mut clients = Vec::new();
    for path in ["/rare/ann", "/rare/ann", "/rare/bob"] {
        clients.push(app.connect::<Collector>(path).await.unwrap());
    }
    for client in &mut clients {
        client.send(Rare);
        client.expect::<Drawing>().await;
    }
    clients[0].send(Rare);
    let (code, reason) = clients[0].expect_close().await;
    assert_eq!((code, reason.as_str()), (CloseCode::POLICY, "too many messages: a binary message was refused"));
    clients[1].expect_nothing().await;
    clients[2].send(Rare);
    clients[2].expect::<Drawing>().await;
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_all_frames_holds_for_binary_messages_too() {
    let mut config = Config::default();
    config.message_rate = Some(Rate::new(2, Duration::from_secs(3600)));
    let mut client = Test::new(config).client().await;
    for _ in 0..2 {
        client.send(RED);
        client.expect::<Painted>().await;
    }
    client.send(RED);
    assert_eq!(client.expect_close().await.0, CloseCode::POLICY);
}

#[tokio::test(start_paused = true)]
async fn handlers_of_binary_messages_overlap_as_others_do() {
    let test = Test::new(Config::default());
    let mut client = test.busy().await;
    for drawing in [&b"a"[..], b"b", b"c"] {
        client.send(Drawing(Bytes::from_static(drawing)));
    }
    support::within(test.shared.begun.acquire_many(2)).await.unwrap().forget();
    assert_eq!(test.shared.running.load(Ordering::SeqCst), 2, "two at a time");
    let mut drawn = Vec::new();
    for _ in 0..3 {
        test.shared.gate.add_permits(1);
        drawn.push(client.expect::<Drawing>().await.0);
    }
    drawn.sort();
    assert_eq!(drawn, ["a", "b", "c"]);
    assert_eq!(test.shared.most.load(Ordering::SeqCst), 2, "never three");
}

#[tokio::test(start_paused = true)]
async fn binary_messages_are_handled_in_batches() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.busy().await, test.busy().await);
    ann.send(Stroke { label: Some("ann's".into()), ..stroke() });
    bob.send(Stroke { label: Some("bob's".into()), ..stroke() });
    let (hers, his) = (ann.expect::<Drawing>().await, bob.expect::<Drawing>().await);
    assert_eq!(hers, his);
    assert_eq!(hers.0.len(), "ann's bob's".len());
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_a_binary_message_has_its_deadline() {
    let mut client = Test::new(Config::default()).busy().await;
    let begun = tokio::time::Instant::now();
    client.send(Wipe);
    client.expect_error(Fault::TIMEOUT).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn a_binary_message_has_no_ref_and_says_so() {
    let mut client = client().await;
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| _ = client.request(RED)));
    let text = *asked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("`(binary 1) pixel` has no place for a `ref`"), "{text}");
}

#[test]
fn a_client_in_rust_reads_what_it_is_sent() {
    let read = |data: &[u8]| Received::<Board>::from_binary(Bytes::copy_from_slice(data));
    let received = read(&[1, 1, 2, 3]).unwrap();
    assert!(received.reference.is_none() && received.room.is_none());
    assert!(matches!(received.body, ReceivedBody::Message(BoardToClient::Pixel(RED))));
    assert!(matches!(read(&[1]), Err(DecodeError::InvalidBinary { .. })));
    assert!(matches!(read(&[7]), Err(DecodeError::Binary)), "it is not sent");
    assert!(matches!(read(&[]), Err(DecodeError::Binary)));
    assert_eq!((Pixel::KIND, Pixel::TYPE, Act::KIND), (Some(1), "(binary 1) pixel", None));
}

#[test]
fn a_test_s_socket_has_what_was_sent_in_its_order() {
    let socket = testing::socket::<Board>();
    socket.send(RED);
    socket.send(Painted { color: 1 });
    socket.room().send(Drawing(Bytes::from_static(b"a house")));
    let sent = socket.sent();
    let [first, second, third] = &sent[..] else { panic!("{}", sent.len()) };
    assert!(matches!(first.body, ReceivedBody::Message(BoardToClient::Pixel(RED))));
    assert!(matches!(second.body, ReceivedBody::Message(BoardToClient::Painted(Painted { color: 1 }))));
    assert!(matches!(&third.body, ReceivedBody::Message(BoardToClient::Drawing(drawing)) if drawing.0 == "a house"));
    assert!(socket.sent().is_empty());
    let wall = testing::socket::<Wall>();
    wall.send_bytes(Bytes::from_static(b"of no kind"));
    wall.send(Counted(Arc::default()));
    assert!(matches!(wall.sent()[..], [Received { body: ReceivedBody::Message(WallToClient::Counted(_)), .. }]));
}

#[test]
fn what_is_received_is_not_copied() {
    let message = Bytes::from(b"da house".to_vec());
    let Ok(Received { body: ReceivedBody::Message(BoardToClient::Drawing(Drawing(house))), .. }) =
        Received::<Board>::from_binary(message.clone())
    else {
        panic!("no drawing")
    };
    assert_eq!((house.as_ptr(), &house[..]), (message[1..].as_ptr(), &b"a house"[..]));
}

#[test]
fn a_description_has_the_kinds_and_what_a_codec_writes() {
    let description = locked().app(App::default()).describe();
    let [board, wall] = &description.channels[..] else { panic!("two channels") };
    assert_eq!((board.binary_from_client, wall.binary_from_client), (false, true), "those of no kind");
    let described = |at: usize| serde_json::to_value(&board.from_client[at]).unwrap();
    let opaque = json!({ "kind": "as", "type": { "kind": "opaque", "name": "bytes" } });
    let pixel = described(0);
    assert_eq!((&pixel["type"], &pixel["kind"]), (&json!("(binary 1) pixel"), &json!(1)));
    assert_eq!(pixel["content"], opaque);
    assert_eq!(pixel["reply"]["messages"], json!(["painted"]));
    let stroke = described(2);
    let fields: Vec<_> = stroke["content"]["fields"].as_array().unwrap().iter().map(|field| &field["read"]).collect();
    assert_eq!((json!(fields), &stroke["kind"]), (json!(["color", "points", "label"]), &json!(2)));
    assert_eq!(described(1)["reply"]["binary"], true, "a drawing is answered by one");
    assert!(described(5).get("kind").is_none(), "a text has none");
    let read = serde_json::from_value(serde_json::to_value(&description).unwrap()).unwrap();
    assert_eq!(description, read);
}

#[test]
fn as_a_part_of_another_message_it_is_its_bytes() {
    let json = serde_json::to_string(&[RED]).unwrap();
    assert_eq!(json, "[[1,2,3]]");
    assert_eq!(serde_json::from_str::<Vec<Pixel>>(&json).unwrap(), [RED]);
    assert_eq!(postcard::from_bytes::<Pixel>(&postcard::to_allocvec(&RED).unwrap()).unwrap(), RED);
    assert!(serde_json::from_str::<Pixel>("[1]").unwrap_err().to_string().starts_with("a pixel has 3 bytes"));
}

#[test]
fn an_enum_is_wrapped_in_a_struct() {
    #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
    enum Shape {
        Dot { x: u8 },
        Nothing,
    }
    #[message(binary, kind = 9, codec = Postcard)]
    #[derive(Debug, PartialEq)]
    struct Drawn(Shape);

    for (drawn, expected) in [(Drawn(Shape::Dot { x: 7 }), &[0, 7][..]), (Drawn(Shape::Nothing), &[1])] {
        let mut out = Vec::new();
        drawn.to_binary(&mut out).unwrap();
        assert_eq!(out, expected);
        assert_eq!(Drawn::from_binary(out.into()).unwrap(), drawn);
    }
}

/// Passes over the server's pings.
async fn next<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> Frame {
    let messages = client.filter_map(async |frame| Some(frame.unwrap()).filter(|frame| !frame.is_ping()));
    within(pin!(messages).next()).await.unwrap()
}

#[tokio::test]
async fn the_same_over_a_socket() {
    let channels = channels![Board];
    let server = support::start(channels.app(App::default())).await;
    let (mut ann, mut bob) = (server.client("/board/one").await, server.client("/board/one").await);
    let large = Stroke { points: (0..8_000).map(|at| (at, !at)).collect(), ..stroke() };
    let frame = [&[2][..], &postcard::to_allocvec(&large).unwrap()].concat();
    assert!(frame.len() > 32_768, "{}", frame.len());
    ann.send(Frame::binary(frame.clone())).await.unwrap();
    assert_eq!(next(&mut bob).await, Frame::binary(frame));
    ann.send(Frame::binary(&[1, 1, 2, 3][..])).await.unwrap();
    assert_eq!(next(&mut ann).await, Frame::text(r#"{"type":"painted","color":3}"#));
    bob.send(Frame::binary(&[1, 1][..])).await.unwrap();
    let Frame::Text(text) = next(&mut bob).await else { panic!("no error") };
    assert!(text.contains("invalid_payload"), "{text}");
}

/// The kind is compressed with the rest, and what a codec writes is compressed once for all who read it so.
#[tokio::test]
async fn compressed_it_is_the_same() {
    const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
    let config = Config::default().compression(Compression::default());
    let server = support::start(channels![Board].app(App::default()).config(config)).await;
    let offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let asks = support::upgrade("/board/one").replacen(
        "\r\n\r\n",
        &format!("\r\nSec-WebSocket-Extensions: {offer}\r\n\r\n"),
        1,
    );
    let (mut ann, mut bob, mut eve) = (server.connect().await, server.connect().await, server.raw("/board/one").await);
    for raw in [&mut ann, &mut bob] {
        raw.write(&asks).await;
        assert!(raw.response().await.header("sec-websocket-extensions").unwrap().starts_with("permessage-deflate"));
    }
    let compressed = |message: &[u8]| {
        let mut payload = Vec::with_capacity(message.len() + 100);
        let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
        compress.compress_vec(message, &mut payload, flate2::FlushCompress::Sync).unwrap();
        payload.truncate(payload.len() - TAIL.len());
        support::masked(0xC2, payload)
    };
    let inflated = |frame: Option<support::Frame>| {
        let frame = frame.expect("a message");
        assert_eq!(frame.first, 0xC2, "binary, and compressed");
        let mut message = Vec::with_capacity(1 << 20);
        let mut decompress = flate2::Decompress::new(false);
        let input = [&frame.payload[..], &TAIL].concat();
        decompress.decompress_vec(&input, &mut message, flate2::FlushDecompress::None).unwrap();
        assert!(frame.payload.len() < message.len());
        message
    };
    let drawing = [b"d", &[b'x'; 5_000][..]].concat();
    let long = Stroke { points: vec![(7, 8); 5_000], ..stroke() };
    let stroke = [&[2][..], &postcard::to_allocvec(&long).unwrap()].concat();
    ann.write([compressed(&drawing), compressed(&stroke), compressed(&[1, 1, 2, 3])].concat()).await;
    assert!(inflated(ann.frame().await) == drawing);
    ann.expect(support::Frame::text(r#"{"type":"painted","color":3}"#)).await;
    assert!(inflated(bob.frame().await) == stroke);
    eve.expect(support::Frame::binary(&stroke)).await;
    bob.write(compressed(&[&stroke[..], b"more"].concat())).await;
    let refused = String::from_utf8(bob.frame().await.unwrap().payload).unwrap();
    assert!(refused.contains("there are bytes behind it"), "{refused}");
}

/// What a channel does with a binary message, by a rule of its own: who handles it, and what is sent.
fn expected(data: &[u8]) -> Result<Vec<u8>, &'static str> {
    let Some((kind, rest)) = data.split_first() else { return Err(Fault::UNKNOWN_TYPE) };
    match (kind, rest) {
        (1, [_, _, 255]) => Err("board.color"),
        (1, [_, _, color]) if *color > 0 => Ok(format!(r#"{{"type":"painted","color":{color}}}"#).into()),
        (1, [_, _, _]) | (7, []) => Ok(Vec::new()),
        (1 | 7, _) => Err(Fault::INVALID_PAYLOAD),
        (b'd', b"refused" | b"impudent") => Err(Fault::INTERNAL),
        (b'd', _) => Ok(data.to_vec()),
        (2, _) if Postcard::read::<Stroke>(rest).is_err() => Err(Fault::INVALID_PAYLOAD),
        (2, _) => Ok(Vec::new()),
        (255, _) => match MessagePack::read::<Cursor>(rest) {
            Err(_) => Err(Fault::INVALID_PAYLOAD),
            Ok(cursor) if cursor.pen.len() > 3 => Err(Fault::VALIDATION),
            Ok(cursor) => Ok([&[255][..], &rmp_serde::to_vec_named(&cursor).unwrap()].concat()),
        },
        _ => Err(Fault::UNKNOWN_TYPE),
    }
}

/// Bytes of any kind, most of them of kinds that exist.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let rest = prop_oneof![
        proptest::collection::vec(any::<u8>().prop_map(|byte| if byte == 13 { 14 } else { byte }), 0..12),
        Just(postcard::to_allocvec(&stroke()).unwrap()),
        "[a-z]{0,5}".prop_map(|kind| rmp_serde::to_vec_named(&Cursor { pen: kind, at: (1.0, 0.0) }).unwrap()),
        Just(b"refused".to_vec()),
    ];
    let kind = prop_oneof![Just(1), Just(2), Just(7), Just(b'd'), Just(255), any::<u8>()];
    prop_oneof![
        1 => Just(Vec::new()),
        20 => (kind, rest).prop_map(|(kind, rest)| [&[kind][..], &rest].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_dispatched_by_their_kind_and_answered_as_it_says(messages in proptest::collection::vec(any_message(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut client = client().await;
            for data in messages {
                client.binary(&data);
                match expected(&data) {
                    Err(code) => _ = client.expect_error(code).await,
                    Ok(nothing) if nothing.is_empty() => client.expect_nothing().await,
                    Ok(text) if text[0] == b'{' => assert_eq!(client.expect_text().await.as_bytes(), text),
                    Ok(bytes) => assert_eq!(client.expect_binary().await, bytes),
                }
            }
        });
    }
}
