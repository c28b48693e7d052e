//! Raw text: `on_text` takes what a client sends, `.send_text(..)` sends it, and nothing is read, written or answered beside it.

mod support;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Batched, CloseCode, ClosedBy, Config, ConnectionId, DecodeError, Deferred, Fault, Hub, Rate, Sent, Socket, Success,
    Text, channel, channels, message,
};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use support::board::Name;
use support::{Frame, Raw, close, masked, start, text};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};
use tokio_tungstenite::tungstenite::Message;

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

/// Can't be written if it is no number.
#[message(type = "broken")]
pub struct Broken {
    number: f64,
}

#[derive(Default)]
pub struct App {
    gate: Notify,
    /// When a client of `Wall` or `Strict` has left.
    closed: Notify,
}

#[channel("/echo")]
pub struct Echo;

#[channel(sends(Text))]
impl Echo {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

/// Does what a text asks for, and answers with any other.
#[channel("/wall/:room", app = App)]
pub struct Wall {
    room: String,
    #[extract]
    name: Name,
    #[state]
    received: usize,
}

#[channel(sends(Text, Bytes, Line))]
impl Wall {
    fn identity(&self) -> Option<&String> {
        self.name.0.as_ref()
    }

    fn on_connect(&mut self) -> Result<Option<Text>, Fault> {
        match self.room.as_str() {
            "closed" => Err(Fault::forbidden("nobody enters")),
            "long" => Err(Fault::new("wall.long", "€".repeat(50)).with_close_code(CloseCode::new(4321).unwrap())),
            "broken" => Err(Fault::internal("the disk is full")),
            "polite" => Ok(Some("welcome".into())),
            _ => Ok(None),
        }
    }

    async fn on_text(&mut self, text: Text, socket: &Socket<Self>, app: &App) -> Result<Option<Text>, Fault> {
        self.received += 1;
        let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match verb {
            "room" => _ = socket.room().send_text(rest),
            "others" => _ = socket.others().send_text(rest),
            "ann" => _ = socket.user("ann").send_text(rest.to_owned()),
            "all" => _ = socket.all().send_text(rest),
            "mixed" => {
                socket.send(Line { text: "first".into() });
                socket.send_text("second");
                socket.send_bytes(Bytes::from_static(b"third"));
                socket.room().send_text("fourth");
                socket.send_text("x".repeat(10_000));
                return Ok(Some("last".into()));
            }
            "count" => return Ok(Some(self.received.to_string().into())),
            "fault" => return Err(Fault::validation("not so")),
            "typed" => _ = socket.send_fault(&Fault::validation("asked for")),
            "panic" => panic!("a text panics"),
            "hang" => std::future::pending().await,
            "wait" => app.gate.notified().await,
            _ => return Ok(Some(text)),
        }
        Ok(None)
    }

    #[notice]
    async fn nap(&mut self, _: Nap) {
        std::future::pending().await
    }

    fn on_close(&mut self, app: &App) {
        app.closed.notify_one();
    }
}

#[derive(Clone)]
pub struct Nap;

/// Has messages, and sends raw text beside them.
#[channel("/typed")]
pub struct Typed;

#[channel(sends(Text, Line))]
impl Typed {
    #[message]
    fn line(&self, line: Line) -> Result<Option<Text>, Fault> {
        match line.text.as_str() {
            "" => Ok(None),
            "fault" => Err(Fault::validation("not so")),
            _ => Ok(Some(line.text.into())),
        }
    }

    #[message(type = "later")]
    fn later(&self, socket: &Socket<Self>) -> Deferred<Text> {
        let (answer, deferred) = socket.defer().typed();
        tokio::spawn(async move { answer.send("at last".into()) });
        deferred
    }
}

/// Has the hooks that another channel does without.
#[channel("/strict/:room", app = App, room_state = ())]
pub struct Strict {
    room: String,
}

#[channel(sends(Text, Line, Broken))]
impl Strict {
    async fn on_room_open(room: &channel_runtime::Room<Self>) -> Result<(), Fault> {
        if room.name().ends_with("shut") { Err(Fault::forbidden("it is shut")) } else { Ok(()) }
    }

    fn expires_at(&self) -> Option<SystemTime> {
        (self.room == "brief").then(|| SystemTime::now() + Duration::from_secs(100))
    }

    /// Shares the value, as a handler may.
    fn on_text(&self, text: Text, socket: &Socket<Self>) -> Deferred<Result<Text, Fault>> {
        let (answer, deferred) = socket.defer().typed();
        match &*text {
            "never" => {}
            "broken" => drop(socket.defer()),
            _ => answer.send(Ok(text)),
        }
        deferred
    }

    fn on_invalid(&mut self, error: DecodeError, socket: &Socket<Self>) {
        socket.send_text(format!("refused: {error}"));
    }

    fn on_close(&mut self, app: &App) {
        app.closed.notify_one();
    }

    #[notice]
    fn told(&mut self, what: String) -> Result<Text, Fault> {
        if what.is_empty() { Err(Fault::validation("nothing")) } else { Ok(what.into()) }
    }

    #[notice]
    fn fails(&mut self, number: f64) -> Broken {
        Broken { number }
    }
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
    wall: Hub<Wall>,
    strict: Hub<Strict>,
}

impl Test {
    fn new(config: Config) -> Self {
        let channels = channels![Echo, Wall, Typed, Strict];
        let (wall, strict, shared) = (channels.of::<Wall>(), channels.of::<Strict>(), Arc::new(App::default()));
        let app = testing::app(channels.app_arc(Arc::clone(&shared)).config(config));
        Self { app, shared, wall, strict }
    }

    async fn wall(&self, path: &str) -> Client<Wall> {
        self.app.connect::<Wall>(path).await.unwrap()
    }

    async fn strict(&self, path: &str) -> Client<Strict> {
        self.app.connect::<Strict>(path).await.unwrap()
    }

    fn faults(&self, code: &str) -> u64 {
        self.wall.stats().faults.into_iter().find(|(name, _)| *name == code).unwrap().1
    }
}

#[tokio::test]
async fn any_text_is_taken_as_it_is_and_comes_back_so() {
    let app = testing::app(channels![Echo].app(()));
    let mut client = app.connect::<Echo>("/echo").await.unwrap();
    let long = "0123456789".repeat(6_500);
    for said in [
        "",
        "hello",
        " \t\r\n",
        "\u{0}",
        "grüße, 🌍",
        r#"{"type":"echo","ref":1}"#,
        r#"{"type":"$auth","token":"secret"}"#,
        r#"{"type":"#,
        &"[".repeat(2_000),
        &"x".repeat(4_096),
        &"y".repeat(4_097),
        &long,
    ] {
        client.send_text(said);
        assert_eq!(client.expect_text().await, *said);
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_text_reaches_every_audience_once_and_hubs_send_it_too() {
    let test = Test::new(Config::default());
    let mut ann = test.wall("/wall/a?name=ann").await;
    let mut bob = test.wall("/wall/a?name=bob").await;
    let mut eve = test.wall("/wall/b").await;
    for (said, receives) in [
        ("room r", [true, true, false]),
        ("others o", [true, false, false]),
        ("ann u", [true, false, false]),
        ("all a", [true, true, true]),
        ("b", [false, true, false]),
    ] {
        bob.send_text(said);
        for (client, receives) in [(&mut ann, receives[0]), (&mut bob, receives[1]), (&mut eve, receives[2])] {
            if receives {
                assert_eq!(client.expect_text().await, said[said.len() - 1..], "{said}");
            }
            client.expect_nothing().await;
        }
    }
    let hub = &test.wall;
    assert_eq!(hub.all().send_text("1").recipients, 3);
    assert_eq!(hub.room(&Wall::room("a")).send_text("2").recipients, 2);
    assert_eq!(hub.user("ann").send_text(String::from("3")).recipients, 1);
    assert_eq!(hub.room(&Wall::room("a")).except_user("ann").send_text(Text::from("4")).recipients, 1);
    for (client, receives) in [(&mut ann, "123"), (&mut bob, "124"), (&mut eve, "1")] {
        for text in receives.chars() {
            assert_eq!(client.expect_text().await, text.to_string());
        }
        client.expect_nothing().await;
    }
    let stats = hub.stats();
    assert_eq!((stats.received_text, stats.received_invalid, stats.received.len()), (5, 0, 0));
}

#[derive(Debug, Hash)]
pub struct Table(u8);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Answers each thing by something of another kind. Who is ann sits at the tables 1 and 2, who is bob at 1, others at none.
#[channel("/club", app = Ids, rooms(Table))]
pub struct Club {
    #[extract]
    name: Name,
}

#[derive(Default)]
pub struct Ids(Mutex<Vec<ConnectionId>>);

#[channel(sends(Text, Bytes))]
impl Club {
    fn identity(&self) -> Option<&String> {
        self.name.0.as_ref()
    }

    fn on_connect(&mut self, socket: &Socket<Self>, ids: &Ids) {
        let tables: &[_] = match self.name.0.as_deref() {
            Some("ann") => &[1, 2],
            Some(_) => &[1],
            None => &[],
        };
        for table in tables {
            socket.join(&Table(*table));
        }
        ids.0.lock().unwrap().push(socket.id());
    }

    fn on_text(&mut self, text: Text, socket: &Socket<Self>) -> Bytes {
        socket.room_of(&Table(2)).except(socket.id()).send_text(text.to_uppercase());
        Bytes::from(text.into_string())
    }

    fn on_binary(&mut self, data: Bytes) -> Result<Text, Fault> {
        let text = String::from_utf8(data.to_vec()).map_err(|_| Fault::validation("no text"))?;
        Ok(text.into())
    }

    fn on_ping(&mut self, data: Bytes) -> Text {
        format!("pinged {data:?}").into()
    }

    async fn on_pong(&mut self, data: Bytes) -> Option<Text> {
        (!data.is_empty()).then(|| format!("ponged {data:?}").into())
    }
}

#[tokio::test]
async fn a_text_reaches_rooms_of_a_kind_and_single_connections() {
    let (channels, ids) = (channels![Club], Arc::new(Ids::default()));
    let hub = channels.of::<Club>();
    let app = testing::app(channels.app_arc(Arc::clone(&ids)));
    let mut clients = Vec::new();
    for path in ["/club?name=ann", "/club?name=bob", "/club"] {
        clients.push(app.connect::<Club>(path).await.unwrap());
    }
    app.settle().await;
    let ids = ids.0.lock().unwrap().clone();
    let tables = || hub.rooms([Table(1), Table(2), Table(3)]);
    let ways: [(&dyn Fn(&'static str) -> Sent, _); 9] = [
        (&|text| hub.room(&Table(1)).send_text(text), [true, true, false]),
        (&|text| hub.room(&Table(2)).send_text(text), [true, false, false]),
        (&|text| hub.room(&Table(3)).send_text(text), [false; 3]),
        (&|text| tables().send_text(text), [true, true, false]),
        (&|text| tables().except(ids[0]).send_text(text), [false, true, false]),
        (&|text| hub.all().except(ids[1]).send_text(text), [true, false, true]),
        (&|text| hub.room(&Table(1)).only_user("bob").send_text(text), [false, true, false]),
        (&|text| hub.room(&Table(2)).only_user("bob").send_text(text), [false; 3]),
        (&|text| hub.connection(ids[2]).send_text(text), [false, false, true]),
    ];
    for (said, (send, hears)) in ["1", "2", "3", "4", "5", "6", "7", "8", "9"].into_iter().zip(ways) {
        assert_eq!(send(said).recipients, hears.iter().filter(|hears| **hears).count(), "{said}");
        for (client, hears) in clients.iter_mut().zip(hears) {
            if hears {
                assert_eq!(client.expect_text().await, said);
            }
            client.expect_nothing().await;
        }
    }
    clients[1].send_text("shout");
    assert_eq!(clients[1].expect_binary().await, "shout");
    assert_eq!(clients[0].expect_text().await, "SHOUT", "in the room of a table");
    drop(clients.pop());
    app.settle().await;
    assert_eq!(hub.connection(ids[2]).send_text("gone").recipients, 0);
}

#[tokio::test]
async fn what_is_returned_is_sent_as_what_it_is_whatever_came() {
    let app = testing::app(channels![Club].app(Ids::default()));
    let mut client = app.connect::<Club>("/club").await.unwrap();
    client.send_text("text");
    assert_eq!(client.expect_binary().await, "text");
    client.binary("binary");
    assert_eq!(client.expect_text().await, "binary");
    client.binary([0xFF]);
    client.expect_nothing().await;
    client.ping("1");
    assert_eq!(client.expect_pong().await, "1");
    assert_eq!(client.expect_text().await, "pinged b\"1\"");
    client.pong("2");
    assert_eq!(client.expect_text().await, "ponged b\"2\"");
    client.pong("");
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_batch_is_answered_by_texts_and_a_ref_behind_each() {
    #[channel("/together")]
    struct Together;

    #[channel(sends(Text))]
    impl Together {
        #[message(batch(size = 3, wait = "1h"))]
        async fn lines(batch: Vec<Batched<Self, Line>>) {
            for line in batch {
                let text = Text::from(line.message.text.clone());
                line.reply(text);
            }
        }
    }

    let app = testing::app(channels![Together].app(()));
    let mut client = app.connect::<Together>("/together").await.unwrap();
    for said in
        [r#"{"type":"line","ref":7,"text":"a"}"#, r#"{"type":"line","text":"b"}"#, r#"{"type":"line","text":"c"}"#]
    {
        client.send_text(said);
    }
    for heard in ["a", r#"{"type":"success","ref":7}"#, "b", "c"] {
        assert_eq!(client.expect_text().await, heard);
    }
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_an_end_arrives_before_the_close() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.wall("/wall/a?name=ann").await, test.wall("/wall/a?name=bob").await);
    for client in [&mut ann, &mut bob] {
        client.send_text("here");
        assert_eq!(client.expect_text().await, "here");
    }
    test.wall.all().send_text("before");
    assert_eq!(test.wall.user("ann").disconnect(CloseCode::POLICY, "enough"), 1);
    assert_eq!(ann.expect_text().await, "before");
    assert_eq!(ann.expect_close().await, (CloseCode::POLICY, "enough".into()));
    test.app.settle().await;
    assert_eq!(test.wall.all().send_text("after").recipients, 1);
    // Who stays has a text in work, and one that waits behind it.
    bob.send_text("wait");
    bob.send_text("never taken");
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    test.app.drain().await;
    for heard in ["before", "after"] {
        assert_eq!(bob.expect_text().await, heard);
    }
    assert_eq!(bob.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(test.wall.stats().received_text, 3);
}

#[tokio::test]
async fn below_the_servers_of_others_texts_pass_as_below_our_own() {
    let [warp, axum] = [TcpListener::bind(("127.0.0.1", 0)).await, TcpListener::bind(("127.0.0.1", 0)).await];
    let [warp, axum] = [warp.unwrap(), axum.unwrap()];
    let addrs = [warp.local_addr().unwrap(), axum.local_addr().unwrap()];
    let server = channels![Echo].app(());
    tokio::spawn(warp::serve(server.filter()).incoming(warp).run());
    let routes = axum::Router::new().fallback_service(server.service());
    tokio::spawn(async { axum::serve(axum, routes).await });
    for addr in addrs {
        let mut raw = Raw::open(addr, "/echo").await;
        raw.write([text("{"), text(""), masked(0x01, "in "), masked(0x80, "parts")].concat()).await;
        for heard in ["{", "", "in parts"] {
            raw.expect(Frame::text(heard)).await;
        }
        raw.write(masked(0x82, "x")).await;
        raw.expect_close(1003, "binary messages are not taken here").await;
    }
}

#[tokio::test]
async fn where_a_message_was_expected_a_raw_text_is_told_how_to_be_read() {
    let app = testing::app(channels![Typed].app(()));
    let mut client = app.connect::<Typed>("/typed").await.unwrap();
    for said in ["hello", "{}"] {
        client.send(Line { text: said.into() });
        client.send(Line { text: said.into() });
        let any = panic_of(client.expect_any()).await;
        assert!(any.starts_with(&format!("the client can't read `{said}`: ")), "{any}");
        assert!(any.contains("\nif it is a raw text, read it by `expect_text`"), "{any}");
        let line = panic_of(client.expect::<Line>()).await;
        assert!(line.contains("\nif it is a raw text, read it by `expect_text`"), "{line}");
    }
    let socket = testing::socket::<Typed>();
    socket.send_text("hello");
    let sent = panic_of(async { socket.sent() }).await;
    assert!(
        sent.starts_with("`hello`: ") && sent.ends_with("\nif it is a raw text, read it by `sent_texts`"),
        "{sent}"
    );
}

async fn panic_of<T>(future: impl Future<Output = T>) -> String {
    let panic = AssertUnwindSafe(future).catch_unwind().await.err().expect("it panics");
    *panic.downcast::<String>().unwrap()
}

#[tokio::test]
async fn what_is_sent_in_different_ways_arrives_in_the_order_in_which_it_was_sent() {
    let test = Test::new(Config::default());
    let mut client = test.wall("/wall/a").await;
    client.send_text("mixed");
    assert_eq!(client.expect::<Line>().await, Line { text: "first".into() });
    assert_eq!(client.expect_text().await, "second");
    assert_eq!(client.expect_binary().await, "third");
    assert_eq!(client.expect_text().await, "fourth");
    assert_eq!(client.expect_text().await.len(), 10_000);
    assert_eq!(client.expect_text().await, "last");
    client.send_text("wait");
    client.send_text("a");
    client.send_text("count");
    test.shared.gate.notify_one();
    assert_eq!((client.expect_text().await, client.expect_text().await), ("a".into(), "4".into()));
}

#[tokio::test]
async fn a_fault_is_counted_and_never_sent() {
    let test = Test::new(Config::default());
    let mut client = test.wall("/wall/polite").await;
    assert_eq!(client.expect_text().await, "welcome");
    client.send_text("fault");
    client.expect_nothing().await;
    client.send_text("still here");
    assert_eq!(client.expect_text().await, "still here");
    assert_eq!(test.faults(Fault::VALIDATION), 1);
    client.send_text("typed");
    client.expect_error(Fault::VALIDATION).await;
    let mut refused = test.wall("/wall/closed").await;
    assert_eq!(refused.expect_close().await, (CloseCode::FORBIDDEN, "nobody enters".into()));
    assert_eq!(test.faults(Fault::FORBIDDEN), 1);
    // Cut at a character to what a Close carries.
    let mut long = test.wall("/wall/long").await;
    assert_eq!(long.expect_close().await, (CloseCode::new(4321).unwrap(), "€".repeat(41)));
    let (code, reason) = test.wall("/wall/broken").await.expect_close().await;
    assert_eq!(code, CloseCode::INTERNAL);
    let id = reason.strip_prefix("internal server error (").unwrap().strip_suffix(')').unwrap();
    assert!(id.len() == 16 && u64::from_str_radix(id, 16).is_ok(), "{reason}");
}

#[tokio::test]
async fn no_answer_is_owed_whatever_becomes_of_it() {
    let test = Test::new(Config::default());
    let mut client = test.strict("/strict/a").await;
    for (said, answer) in [("never", None), ("broken", None), ("x", Some("x"))] {
        client.send_text(said);
        if let Some(answer) = answer {
            assert_eq!(client.expect_text().await, answer);
        }
        client.expect_nothing().await;
    }
    let everybody = test.strict.all();
    assert_eq!(everybody.notify(String::from("a notice")).recipients, 1);
    assert_eq!(client.expect_text().await, "a notice");
    assert_eq!(everybody.notify(f64::NAN).recipients, 1);
    assert_eq!(everybody.notify(String::new()).recipients, 1);
    client.expect_nothing().await;
    let faults = test.strict.stats().faults;
    let of = |code: &str| faults.iter().find(|(name, _)| *name == code).unwrap().1;
    assert_eq!((of(Fault::INTERNAL), of(Fault::VALIDATION)), (1, 1));
}

#[tokio::test]
async fn a_panic_closes_its_own_connection_and_says_nothing_else() {
    let test = Test::new(Config::default());
    let (mut client, mut other) = (test.wall("/wall/a").await, test.wall("/wall/a").await);
    client.send_text("panic");
    let (code, reason) = client.expect_close().await;
    assert_eq!(code, CloseCode::INTERNAL);
    assert!(reason.starts_with("internal server error ("), "{reason}");
    other.send_text("x");
    assert_eq!(other.expect_text().await, "x");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_takes_too_long_closes_the_connection_because_no_answer_could_name_it() {
    let test = Test::new(Config::default().handler_timeout(Duration::from_secs(5)));
    let mut client = test.wall("/wall/a").await;
    client.send_text("hang");
    client.send_text("next");
    let (code, reason) = client.expect_close().await;
    assert!(code == CloseCode::INTERNAL && reason.starts_with("it took too long ("), "{code} {reason}");
    assert_eq!(test.faults(Fault::TIMEOUT), 1);
    let mut other = test.wall("/wall/a").await;
    assert_eq!(test.wall.all().notify(Nap).recipients, 1);
    other.send_text("awake");
    assert_eq!(other.expect_text().await, "awake");
    assert_eq!(test.faults(Fault::TIMEOUT), 2);
}

fn hourly(most: u32) -> Config {
    Config::default().message_rate(Rate::new(most, Duration::from_secs(3600)))
}

const LOST: &str = "too many messages: a text was refused";

/// A client can't know which of them was lost, and would go on as if none was.
#[tokio::test(start_paused = true)]
async fn the_first_text_that_would_be_lost_closes_the_connection_and_says_why() {
    let test = Test::new(hourly(40));
    let mut client = test.wall("/wall/a").await;
    // As many as are sure to pass are not counted: a quarter.
    for said in 0..50 {
        client.send_text(&said.to_string());
        assert_eq!(client.expect_text().await, said.to_string());
    }
    client.send_text("lost");
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, LOST.into()));
    assert_eq!((test.wall.ended(ClosedBy::RateLimited), test.wall.stats().rate_limited), (1, 1));
    assert_eq!(test.wall.stats().received_text, 50);
    // In one read with what passes, and before a Close of the client's own, which must not hide the loss.
    let mut hasty = test.wall("/wall/a").await;
    let mut frames: Vec<u8> = (0..60).flat_map(|said: u32| masked(0x81, said.to_string())).collect();
    frames.extend(close(1000, ""));
    hasty.send_raw(&frames);
    assert_eq!(hasty.expect_close().await, (CloseCode::POLICY, LOST.into()));
    assert_eq!((test.wall.ended(ClosedBy::RateLimited), test.wall.ended(ClosedBy::Client)), (2, 0));
    let mut patient = test.wall("/wall/a").await;
    for said in 0..100 {
        patient.send_text(&said.to_string());
        assert_eq!(patient.expect_text().await, said.to_string());
        advance(Duration::from_secs(90)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_s_texts_are_counted_over_all_connections() {
    let test = Test::new(Config::default().message_rate_per_user(Rate::new(2, Duration::from_secs(3600))));
    let (mut phone, mut tablet) = (test.wall("/wall/a?name=ann").await, test.wall("/wall/a?name=ann").await);
    for client in [&mut phone, &mut tablet] {
        client.send_text("x");
        assert_eq!(client.expect_text().await, "x");
    }
    phone.send_text("y");
    assert_eq!(phone.expect_close().await, (CloseCode::POLICY, LOST.into()));
    tablet.expect_nothing().await;
}

#[tokio::test]
async fn a_binary_message_that_nobody_takes_closes_unless_a_hook_decides() {
    let test = Test::new(Config::default());
    let mut client = test.wall("/wall/a").await;
    client.send_text("before");
    client.binary([1]);
    assert_eq!(client.expect_text().await, "before");
    let reason = "binary messages are not taken here";
    assert_eq!(client.expect_close().await, (CloseCode::UNSUPPORTED, reason.into()));
    assert_eq!(test.wall.ended(ClosedBy::Violation), 1);
    let mut strict = test.strict("/strict/a").await;
    strict.binary([1]);
    assert_eq!(strict.expect_text().await, format!("refused: {reason}"));
    strict.send_text("still here");
    assert_eq!(strict.expect_text().await, "still here");
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_ends_closes_without_a_warning_and_a_room_that_does_not_open_closes_without_an_error() {
    let test = Test::new(Config::default());
    let begun = Instant::now();
    let mut client = test.strict("/strict/brief").await;
    advance(Duration::from_secs(99)).await;
    client.send_text("still here");
    assert_eq!(client.expect_text().await, "still here");
    client.expect_nothing().await;
    support::within(test.shared.closed.notified()).await;
    assert!(begun.elapsed() < Duration::from_secs(101));
    assert_eq!(client.expect_close().await, (CloseCode::UNAUTHORIZED, "the authority has expired".into()));
    let mut shut = test.strict("/strict/shut").await;
    assert_eq!(shut.expect_close().await, (CloseCode::FORBIDDEN, "the room can't be opened".into()));
}

#[tokio::test]
async fn a_handler_of_messages_may_return_a_text_and_its_ref_is_answered_behind_it() {
    let test = Test::new(Config::default());
    let mut client = test.app.connect::<Typed>("/typed").await.unwrap();
    client.send(Line { text: "hello".into() });
    assert_eq!(client.expect_text().await, "hello");
    client.expect_nothing().await;
    for (said, answers) in [
        (r#"{"type":"line","ref":1,"text":"hello"}"#, vec!["hello", r#"{"type":"success","ref":1}"#]),
        (r#"{"type":"line","ref":2,"text":""}"#, vec![r#"{"type":"success","ref":2}"#]),
        (r#"{"type":"later","ref":3}"#, vec!["at last", r#"{"type":"success","ref":3}"#]),
    ] {
        client.send_text(said);
        for answer in answers {
            assert_eq!(client.expect_text().await, answer);
        }
    }
    client.send(Line { text: "fault".into() });
    client.expect_error(Fault::VALIDATION).await;
}

#[tokio::test]
async fn a_hook_can_be_called_without_a_server() {
    let socket = testing::socket::<Wall>().with_app(Arc::default());
    let mut wall = Wall { room: "a".into(), name: Name(None), received: 0 };
    let answer = wall.on_text("hello".into(), &socket, &App::default()).await.unwrap();
    assert_eq!(answer.unwrap(), "hello");
    assert_eq!(wall.on_text("mixed".into(), &socket, &App::default()).await.unwrap().unwrap().into_string(), "last");
    let sent = socket.sent_texts();
    assert_eq!(sent[..3], [r#"{"type":"line","text":"first"}"#, "second", "fourth"]);
    assert_eq!(sent.len(), 4);
}

#[tokio::test]
async fn over_a_socket_many_texts_in_one_write_are_answered_in_their_order() {
    let server = start(channels![Echo].app(())).await;
    let mut raw = server.raw("/echo").await;
    let said: Vec<String> = (0..200_usize).map(|n| format!("{n} {}", "x".repeat(n * 7 % 300))).collect();
    raw.write(said.iter().flat_map(|said| text(said)).collect::<Vec<u8>>()).await;
    for said in &said {
        raw.expect(Frame::text(said)).await;
    }
    raw.write([masked(0x01, "one "), masked(0x89, "p"), masked(0x80, "text")].concat()).await;
    raw.expect(Frame::pong(b"p")).await;
    raw.expect(Frame::text("one text")).await;
}

#[tokio::test]
async fn over_a_socket_what_is_no_text_or_too_long_is_closed_before_it_is_taken() {
    let server = start(channels![Echo].app(()).config(Config::default().message_bytes(100))).await;
    for (frame, code, reason) in [
        (masked(0x81, [0xFF]), 1007, "text is not UTF-8"),
        (masked(0x81, [b'x'; 101]), 1009, "message over the size limit"),
        (masked(0x82, "x"), 1003, "binary messages are not taken here"),
    ] {
        let mut raw = server.raw("/echo").await;
        raw.write([text("fine"), frame].concat()).await;
        raw.expect(Frame::text("fine")).await;
        raw.expect_close(code, reason).await;
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_and_costs_the_others_nothing() {
    const SIZE: usize = 16 * 1024;
    let channels = channels![Wall];
    let hub = channels.of::<Wall>();
    let config = Config::default().outbox_bytes(4 * SIZE).close_timeout(support::PATIENCE);
    let app: Arc<App> = Arc::default();
    let server = start(channels.app_arc(Arc::clone(&app)).config(config)).await;
    let mut reader = server.raw("/wall/r").await;
    let mut slow = server.connect_with_small_window().await;
    slow.upgrade("/wall/r").await;
    slow.write(text("here")).await;
    slow.expect(Frame::text("here")).await;
    let piece = |n: u32| format!("{n:08}").repeat(SIZE / 8);
    let mut sent = 0;
    while hub.room(&Wall::room("r")).send_text(piece(sent)).is_complete() {
        reader.expect(Frame::text(&piece(sent))).await;
        sent += 1;
        assert!(sent < 10_000, "nobody is cut");
    }
    reader.expect(Frame::text(&piece(sent))).await;
    support::within(app.closed.notified()).await;
    assert_eq!(hub.ended(ClosedBy::SlowClient), 1);
    let mut got = 0;
    let last = loop {
        match slow.frame().await.unwrap() {
            frame if frame.first == 0x81 => assert_eq!(frame, Frame::text(&piece(got))),
            frame => break frame,
        }
        got += 1;
    };
    assert_eq!(last, Frame::close(1013, "too slow: too much was waiting for this client"));
}

/// What waits for it is bounded, and so is what it may send before it reads.
#[tokio::test]
async fn a_client_that_only_sends_is_read_from_no_more_than_it_reads() {
    const SIZE: usize = 16 * 1024;
    const PIECES: usize = 1024;
    let channels = channels![Wall];
    let hub = channels.of::<Wall>();
    let config = Config::default().outbox_bytes(8 * SIZE).message_rate(None).pong_timeout(support::PATIENCE);
    let server = start(channels.app(App::default()).config(config)).await;
    let (mut writes, mut reads) = server.client("/wall/r").await.split();
    let piece = |n: usize| format!("{n:08}").repeat(SIZE / 8);
    let written = AtomicUsize::new(0);
    let writer = async {
        for n in 0..PIECES {
            writes.send(Message::text(piece(n))).await.unwrap();
            written.fetch_add(1, Ordering::Relaxed);
        }
    };
    let reader = async {
        // Until half of what may wait does: no more is taken then.
        while hub.stats().outbox_bytes <= 4 * SIZE {
            assert!(written.load(Ordering::Relaxed) < PIECES, "all of it was taken");
            tokio::task::yield_now().await;
        }
        for n in 0..PIECES {
            assert!(hub.stats().outbox_bytes <= 9 * SIZE + 64, "{:?}", hub.stats());
            assert_eq!(reads.next().await.unwrap().unwrap(), Message::text(piece(n)));
        }
    };
    support::within(async { tokio::join!(writer, reader) }).await;
    assert_eq!(hub.ended(ClosedBy::SlowClient), 0);
}

#[test]
fn what_travels_as_text_is_described_and_is_part_of_the_fingerprint() {
    let description = channels![Echo, Typed].app(()).describe();
    let said = serde_json::to_value(&description.channels).unwrap();
    let echo = json!({
        "name": "Echo", "path": "/echo", "fingerprint": description.channels[0].fingerprint,
        "text_from_client": true, "text_to_client": true, "binary_from_client": false, "binary_to_client": false,
        "hooks": ["on_text"],
    });
    assert_eq!(said[0], echo);
    assert_eq!((said[1].get("text_from_client"), &said[1]["text_to_client"]), (None, &json!(true)));
    let [line, later] = [0, 1].map(|at| said[1]["from_client"][at]["reply"].clone());
    assert_eq!(line, json!({ "text": true, "nothing": true, "other_faults": true }));
    assert_eq!(later, json!({ "text": true, "nothing": true }));

    mod without {
        #[channel_runtime::channel("/echo")]
        pub struct Echo;

        #[channel_runtime::channel]
        impl Echo {}
    }

    assert_ne!(channels![Echo].app(()).describe().fingerprint, channels![without::Echo].app(()).describe().fingerprint);
}

/// A message may be called `text`, so only channels of raw text have that count.
#[tokio::test]
async fn collectors_are_told_of_raw_texts_where_there_are_any() {
    let server = channels![Echo, Typed].app(());
    let health = server.health();
    let app = testing::app(server);
    let mut client = app.connect::<Echo>("/echo").await.unwrap();
    for said in ["a", "b"] {
        client.send_text(said);
        assert_eq!(client.expect_text().await, said);
    }
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || health.record());
    let told = recorder.handle().render();
    assert!(told.contains(r#"channels_received_total{channel="Echo",type="text"} 2"#), "{told}");
    assert!(!told.contains(r#"channel="Typed",type="text""#), "{told}");
}

#[tokio::test]
async fn a_success_is_sent_if_a_hook_asks_for_it() {
    #[channel("/counts")]
    struct Counts;

    #[channel]
    impl Counts {
        fn on_text(&mut self, text: Text) -> Success<usize> {
            Success(text.len())
        }
    }

    let app = testing::app(channels![Counts].app(()));
    let mut client = app.connect::<Counts>("/counts").await.unwrap();
    client.send_text("four");
    assert_eq!(client.expect_success().await, 4);
}
