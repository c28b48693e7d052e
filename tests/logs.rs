//! What the logs say, and what they never do; and what a client is told of what went wrong.

#[path = "support/logs.rs"]
mod captured;
mod support;

use std::future::pending;
use std::time::Duration;

use captured::Logs;
use channel_runtime::envelope::JsonRpc;
use channel_runtime::testing::{self, Client};
use channel_runtime::{
    AskError, Close, CloseCode, Config, DecodeError, Extract, Fault, Handshake, Rate, Reject, Socket, Success, Text,
    channel, channels, message,
};
use serde::{Serialize, Serializer};
use serde_json::json;
use support::{Raw, masked, start, text, upgrade};
use tokio::task::yield_now;
use tokio::time::advance;

/// Stands in everything that is nobody's business.
const SECRET: &str = "s3cr3t";

#[message(type = "say", rate = "20/h")]
pub struct Say {
    text: String,
}

#[message(type = "end")]
pub struct End {
    why: String,
}

#[message(binary, kind = 1)]
pub struct Dot;

impl Dot {
    fn from_bytes(_: channel_runtime::Bytes) -> Result<Self, String> {
        Ok(Self)
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {}
}

/// Can't be written.
#[message(type = "broken", serde)]
#[derive(serde::Deserialize)]
pub struct Broken {
    #[allow(dead_code, reason = "nobody comes to it")]
    text: String,
}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it is broken"))
    }
}

pub struct Name(String);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("name").unwrap_or_default();
        if name.starts_with("forged") { Err(Reject::internal(format!("there is no {name}"))) } else { Ok(Self(name)) }
    }
}

#[channel("/desk/:place")]
pub struct Desk {
    place: String,
    #[extract]
    name: Name,
}

#[channel(sends(Broken, Bytes))]
impl Desk {
    fn identity(&self) -> &String {
        &self.name.0
    }

    #[message]
    fn say(&mut self, say: Say) -> Result<Success<usize>, Fault> {
        tracing::info!("the handler says something of {}", self.place);
        match say.text.as_str() {
            "fault" => Err(Fault::new("desk.no", "no")),
            "internal" => Err(Fault::internal("the database is away")),
            text if text.starts_with("forged") => Err(Fault::internal(format!("nothing is called {text}"))),
            text => Ok(Success(text.len())),
        }
    }

    #[message(type = "panic")]
    async fn panic(&mut self) {
        tokio::task::yield_now().await;
        panic!("a handler panics");
    }

    #[message(type = "hang", timeout = "2s")]
    async fn hang(&mut self) {
        std::future::pending().await
    }

    #[message(type = "both", concurrent = 2)]
    async fn both(&self) {
        tokio::task::yield_now().await;
        tracing::info!("one of several");
    }

    #[message]
    fn dot(&self, _: Dot) {
        tracing::info!("a dot");
    }

    #[message]
    fn end(&mut self, end: End, socket: &Socket<Self>) {
        socket.close(CloseCode::NORMAL, &end.why);
    }

    fn on_close(&mut self, close: Close) -> Result<(), String> {
        if close.reason.starts_with("forged") { Err(close.reason) } else { Ok(()) }
    }

    #[message(type = "break")]
    fn break_it(&mut self) -> Broken {
        Broken { text: String::new() }
    }
}

async fn client(config: Config) -> Client<Desk> {
    let app = testing::app(channels![Desk].app(()).config(config));
    app.connect::<Desk>("/desk/a?name=ann").await.unwrap()
}

fn say(text: &str) -> Say {
    Say { text: text.into() }
}

#[tokio::test]
async fn no_secret_of_a_client_s_is_in_any_log_at_any_level() {
    let logs = Logs::capture();
    let frames = Rate::new(100, Duration::from_secs(3600));
    let server = start(channels![Desk].app(()).config(Config::default().message_rate(frames))).await;
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let headers = [
        "Connection: Upgrade".to_owned(),
        "Upgrade: websocket".to_owned(),
        "Sec-WebSocket-Version: 13".to_owned(),
        format!("Sec-WebSocket-Key: {key}"),
        format!("Sec-WebSocket-Protocol: channels.1.json, token.{SECRET}"),
        format!("Authorization: Bearer {SECRET}"),
        format!("Cookie: session={SECRET}"),
    ];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let path = format!("/desk/a?token={SECRET}&name={SECRET}");
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&support::request(&path, &headers)).await.status, 101);
    let said = |kind: &str| text(&format!(r#"{{"type":"{kind}","ref":"{SECRET}","text":"{SECRET}"}}"#));
    // Handled, unknown, unreadable in two ways, binary, control frames.
    for bytes in [
        said("say"),
        said(SECRET),
        text(&format!(r#"{{"type":"say","text":["{SECRET}"]}}"#)),
        text(SECRET),
        masked(0x82, SECRET),
        masked(0x89, SECRET),
        masked(0x8A, SECRET),
        said("break"),
    ] {
        raw.write(bytes).await;
    }
    while !String::from_utf8_lossy(&raw.frame().await.unwrap().payload).contains(Fault::INTERNAL) {}
    // Over the type's rate, over that of all frames, and refused too often.
    raw.write(said("say").repeat(40)).await;
    raw.write_if_open(said("say").repeat(400)).await;
    end(&mut raw).await;
    // One that panics, one that breaks the protocol, one whose handshake is refused, one that nobody knows.
    for bytes in [said("panic"), masked(0xFF, SECRET)] {
        let mut raw = server.connect().await;
        assert_eq!(raw.request(&support::request(&path, &headers)).await.status, 101);
        raw.write(bytes).await;
        end(&mut raw).await;
    }
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&support::request(&path, &headers[..2])).await.status, 426);
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&support::request(&format!("/none?token={SECRET}"), &headers)).await.status, 404);

    let logged = logs.text();
    assert!(!logged.contains(SECRET) && !logged.contains(key), "{logged}");
    // It would have been seen.
    for part in ["message{", "connection{", "a client was disconnected", "panicked", "type=\"say\"", "internal error"] {
        assert!(logged.contains(part), "{part} in {logged}");
    }
}

async fn end(raw: &mut Raw) {
    while raw.frame().await.expect("a close").first != 0x88 {}
}

#[tokio::test]
async fn what_clients_say_and_who_they_are_is_logged_where_that_is_asked_for() {
    let logs = Logs::capture();
    let mut client = client(Config::default().log_payloads(true).log_users(true)).await;
    client.request(say(SECRET)).success().await;
    client.send_text("no message");
    client.expect_error(Fault::MALFORMED).await;
    client.request(DeskFromClient::Both).success().await;
    let line = logs.line(SECRET);
    assert!(line.contains("TRACE") && line.contains("received") && line.contains(r#"user="ann""#), "{line}");
    logs.line("no message");
    logs.line(r#"{\"type\":\"both\""#);
    for kind in ["$auth", r"\u0024auth"] {
        client.send_text(&format!(r#"{{"type":"{kind}","token":"hush"}}"#));
        client.expect_error(Fault::UNKNOWN_TYPE).await;
    }
    for malformed in [
        r#"{"type":"$auth","token":"hush""#,
        r#"{"type":"\u0024auth","token":"hush""#,
        r#"{"token":"hush","type":"\u0024\u0061uth"}}"#,
        r#"{"type":"$au\u0074h","type":"say","token":"hush"}"#,
    ] {
        client.send_text(malformed);
        client.expect_error(Fault::MALFORMED).await;
    }
    assert!(!logs.text().contains("hush"));
}

/// A line of a log that nobody has written, and what a terminal would obey.
const FORGED: &str = "forged\n2026-01-01T00:00:00Z ERROR forged: all is lost\r\u{1b}[2J\u{2028}\u{202e}";

#[tokio::test]
async fn what_others_wrote_stays_on_its_line() {
    let logs = Logs::capture();
    let app = testing::app(channels![Desk].app(()).config(Config::default().log_payloads(true).log_users(true)));
    let refused = app.connect::<Desk>("/desk/a").query("name", FORGED).await.unwrap_err();
    assert_eq!(refused.status, 500);
    let mut client = app.connect::<Desk>("/desk/a").query("name", "a\nforged").await.unwrap();
    client.request(say(FORGED)).error(Fault::INTERNAL).await;
    client.send(End { why: FORGED.into() });
    client.expect_close().await;
    app.settle().await;
    let logged = logs.text();
    for part in ["a handshake failed", "internal error", "a connection ends", "`on_close` failed"] {
        let lines: Vec<&str> = logged.lines().filter(|line| line.contains(part)).collect();
        assert!(lines.iter().any(|line| line.contains(r"forged\n2026")), "{part}: {lines:?}");
    }
    // Escaped by its client, and once more.
    assert!(logged.lines().any(|line| line.contains("received") && line.contains(r"forged\\n2026")), "{logged}");
    for line in logged.lines() {
        assert!(!line.starts_with("2026-01-01") && !line.starts_with("forged"), "{logged:?}");
        assert!(!line.contains(['\r', '\u{1b}', '\u{2028}', '\u{202e}']), "{line:?}");
    }
}

#[channel("/raw")]
pub struct Wire;

#[channel(sends(Text))]
impl Wire {
    fn on_text(&mut self, text: Text) -> Result<Text, Fault> {
        tracing::info!("the hook says something");
        Err(Fault::new("wire.no", format!("no {text}")))
    }
}

/// Nobody else is told of it.
#[tokio::test]
async fn a_fault_of_raw_text_is_logged_by_its_code_and_the_text_where_that_is_asked_for() {
    for log_payloads in [false, true] {
        let logs = Logs::capture();
        let app = testing::app(channels![Wire].app(()).config(Config::default().log_payloads(log_payloads)));
        let mut client = app.connect::<Wire>("/raw").await.unwrap();
        client.send_text(SECRET);
        client.expect_nothing().await;
        let line = logs.line("a fault is not sent");
        assert!(line.contains("DEBUG") && line.contains("code=wire.no") && !line.contains(SECRET), "{line}");
        let line = logs.line("the hook says something");
        assert!(line.contains(r#"connection{channel="Wire" connection="#), "{line}");
        assert_eq!(logs.text().contains(SECRET), log_payloads);
    }
}

#[message(type = "how_many", answer = u32)]
pub struct HowMany {}

pub struct Counted(Result<u32, AskError>);

#[channel("/counter")]
pub struct Counter;

#[channel(sends(HowMany), envelope = JsonRpc)]
impl Counter {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.ask(HowMany {}).notify(Counted);
    }

    #[notice]
    fn counted(&mut self, n: Counted) {
        tracing::info!(is_invalid = matches!(n.0, Err(AskError::Invalid(_))), "counted");
    }
}

#[tokio::test]
async fn an_answer_is_logged_where_that_is_asked_for_too() {
    for log_payloads in [false, true] {
        let logs = Logs::capture();
        let app = testing::app(channels![Counter].app(()).config(Config::default().log_payloads(log_payloads)));
        let mut client = app.connect::<Counter>("/counter").await.unwrap();
        let question: serde_json::Value = serde_json::from_str(&client.expect_text().await).unwrap();
        client.send_text(&format!(r#"{{"jsonrpc":"2.0","result":"{SECRET}","id":{}}}"#, question["id"]));
        client.expect_nothing().await;
        assert!(logs.line("counted").contains("is_invalid=true"));
        assert_eq!(logs.text().contains(SECRET), log_payloads);
    }
}

#[tokio::test]
async fn a_log_of_a_handler_s_knows_its_connection_and_message() {
    let logs = Logs::capture();
    let mut client = client(Config::default()).await;
    client.request(say("hello")).success().await;
    client.request(say("fault")).error("desk.no").await;
    client.request(DeskFromClient::Both).success().await;
    client.send(Dot);
    client.expect_nothing().await;
    let logged = logs.text();
    let mut lines = logged.lines().filter(|line| line.contains("the handler says something"));
    let line = lines.next().unwrap();
    assert!(line.contains(r#"connection{channel="Desk" connection="#) && line.contains(r#"room="/desk/a"}"#), "{line}");
    assert!(line.contains(r#":message{channel="Desk" type="say"}: "#) && !line.contains("user="), "{line}");
    let line = logs.line("one of several");
    assert!(line.contains(r#":message{channel="Desk" type="both"}: "#), "{line}");
    let line = logs.line("a dot");
    assert!(line.contains(r#":message{channel="Desk" type="(binary 1) dot"}: "#), "{line}");
    let outcomes: Vec<&str> = logged.lines().filter(|line| line.contains("handled")).collect();
    assert_eq!(outcomes.len(), 4, "{logged}");
    for (line, outcome) in outcomes.iter().zip(["ok", "fault", "ok", "ok"]) {
        assert!(line.contains("DEBUG") && line.contains(&format!(r#"outcome="{outcome}" micros="#)), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_failure_of_the_server_s_is_known_by_an_id_in_the_log_and_in_the_answer() {
    let logs = Logs::capture();
    let mut client = client(Config::default()).await;
    let faults = [
        (client.request(say("internal")).error(Fault::INTERNAL).await, "the database is away"),
        (client.request(DeskFromClient::BreakIt).error(Fault::INTERNAL).await, "it is broken"),
        (client.request(DeskFromClient::Hang).error(Fault::TIMEOUT).await, "timed out"),
        (client.request(DeskFromClient::Panic).error(Fault::INTERNAL).await, "panicked"),
    ];
    for (fault, what) in faults {
        let id = fault.details["id"].as_str().unwrap();
        let logged = logs.text();
        assert!(
            logged.lines().any(|line| line.contains(&format!("id={id}")) && line.contains(what)),
            "{id} in {logged}"
        );
        assert!(!fault.message.contains(what), "{fault}");
    }
    let (_, reason) = client.expect_close().await;
    let id = reason.strip_prefix("internal server error (").unwrap().strip_suffix(')').unwrap();
    assert!(
        logs.text().contains(&format!("id={id} panicked")) || logs.text().contains(&format!("id={id}")),
        "{reason}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_in_detail_only_where_that_is_asked_for() {
    let _logs = Logs::capture();
    for (detailed, text, message, details) in [
        (false, "{]", "malformed message", json!(null)),
        (false, r#"{"type":"x"}"#, "unknown message type", json!(null)),
        (false, r#"{"type":"say","text":7}"#, "invalid message", json!({ "path": "text" })),
        (false, r#"{"type":"say"}"#, "invalid message", json!({ "path": "text" })),
        (true, r#"{"type":"x"}"#, "unknown message type \"x\"", json!(null)),
        (
            true,
            r#"{"type":"say","text":7}"#,
            "invalid message of type \"say\": `text`: invalid type: integer `7`, expected a string at line 1 column 22",
            json!({ "path": "text", "line": 1, "column": 22 }),
        ),
    ] {
        let config = Config::default().error_details(detailed);
        for path in ["/desk/a", "/strict"] {
            let app = testing::app(channels![Desk, Strict].app(()).config(config.clone()));
            let answer = match path {
                "/desk/a" => told(app.connect::<Desk>(path).await.unwrap(), text).await,
                _ => told(app.connect::<Strict>(path).await.unwrap(), text).await,
            };
            assert_eq!((&answer["message"], &answer["details"]), (&json!(message), &details), "{path}: {text}");
        }
    }
    assert_eq!(Config::default().error_details, cfg!(debug_assertions));
}

/// As behind nginx with its own snippet for WebSockets, which names the server to itself.
#[tokio::test]
async fn a_page_that_is_refused_is_logged_once_in_a_while_with_what_to_do() {
    let logs = Logs::capture();
    let server = start(channels![Desk].app(())).await;
    let request = upgrade("/desk/a").replacen("localhost", "127.0.0.1:3030\r\nOrigin: https://app.example", 1);
    let mut raw = server.connect().await;
    for _ in 0..3 {
        assert_eq!(raw.request(&request).await.status, 403);
    }
    let line = logs.line("a page was refused");
    for part in [
        "WARN",
        r#"origin="https://app.example""#,
        r#"host=Some("127.0.0.1:3030")"#,
        "its origin is not the host that was asked for",
        "Behind a proxy, let that pass `Host` on as it came",
        "docs/behind-a-proxy.md",
        "`Config::origins`",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

async fn told<C: channel_runtime::Channel>(mut client: Client<C>, text: &str) -> serde_json::Value {
    client.send_text(text);
    serde_json::from_str(&client.expect_text().await).unwrap()
}

/// Hears of what is wrong, and leaves the answer as it is.
#[channel("/strict")]
pub struct Strict;

#[channel]
impl Strict {
    #[message]
    fn say(&mut self, _: Say) {}

    fn on_invalid(&mut self, error: DecodeError) {
        assert!(!matches!(error, DecodeError::Malformed { ref reason, .. } if reason.is_empty()));
    }
}

#[message(type = "which", answer = String)]
pub struct Which {}

#[message(type = "what", answer = String)]
pub struct What {}

#[message(type = "who", answer = String)]
pub struct Who {}

#[channel("/waiter/:how")]
pub struct Waiter {
    how: String,
}

#[channel(sends(Which, What, Who))]
impl Waiter {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        if self.how == "at_once" {
            _ = socket.ask(Which {}).await;
        }
    }

    #[message(type = "alone")]
    async fn alone(&mut self, socket: &Socket<Self>) -> Success<bool> {
        tokio::task::yield_now().await;
        Success(socket.ask(Which {}).await.is_ok())
    }

    #[message(type = "beside", concurrent = 4)]
    async fn beside(&self, socket: &Socket<Self>) -> Success<bool> {
        Success(socket.ask(Which {}).await.is_ok())
    }

    /// What is not `concurrent` waits for it.
    #[message(type = "with_others")]
    async fn with_others(&self, socket: &Socket<Self>) -> Success<bool> {
        Success(socket.ask(What {}).await.is_ok())
    }

    #[message(type = "everybody")]
    async fn everybody(&self, socket: &Socket<Self>) -> Success<usize> {
        Success(socket.all().ask(Who {}).all().await.len())
    }

    #[message(type = "task")]
    fn task(&self, socket: &Socket<Self>) {
        let socket = socket.clone();
        tokio::spawn(async move { socket.ask(Which {}).await });
    }
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_handler_that_waits_for_its_client_s_answer_is_warned_of_once() {
    const WARNING: &str = "a handler waits for a client's answer";
    let logs = Logs::capture();
    let app = testing::app(channels![Waiter].app(()));
    let mut client = app.connect::<Waiter>("/waiter/at_once").without_waiting().await.unwrap();
    for message in [None, Some(WaiterFromClient::Beside), Some(WaiterFromClient::Task)] {
        if let Some(message) = message {
            client.send(message);
        }
        let question = client.expect_question::<Which>().await;
        client.answer(question, "this");
        app.settle().await;
    }
    assert!(!logs.text().contains(WARNING), "{}", logs.text());
    for _ in 0..2 {
        client.send(WaiterFromClient::Alone);
        let question = client.expect_question::<Which>().await;
        client.answer(question, "that");
        app.settle().await;
    }
    let line = logs.line(WARNING);
    assert!(line.contains("WARN") && line.contains("Waiter") && line.contains(r#"kind="which""#), "{line}");
    client.send(WaiterFromClient::WithOthers);
    let question = client.expect_question::<What>().await;
    client.answer(question, "that");
    app.settle().await;
    assert!(logs.text().contains(r#"kind="what""#), "{}", logs.text());
    client.send(WaiterFromClient::Everybody);
    let question = client.expect_question::<Who>().await;
    client.answer(question, "me");
    app.settle().await;
    assert!(logs.text().contains(r#"kind="who""#), "{}", logs.text());
}

/// Where somebody points.
#[message(type = "pointer", volatile)]
pub struct Pointer {}

#[message(type = "price", latest(key = of))]
pub struct Price {
    of: u32,
}

/// Whoever comes is never quite in, and so is behind.
#[channel("/pit")]
pub struct Pit;

#[channel(sends(Pointer, Price))]
impl Pit {
    async fn on_connect(&mut self) {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_replaced_and_refused_is_logged_at_once_and_then_every_ten_seconds() {
    let logs = Logs::capture();
    let channels = channels![Pit];
    let all = channels.of::<Pit>().all();
    let app = testing::app(channels.app(()));
    let _behind = app.connect::<Pit>("/pit").without_waiting().await.unwrap();
    while all.is_empty() {
        yield_now().await;
    }
    let send_thrice = async || {
        for _ in 0..3 {
            all.send(Pointer {});
            for of in 0..1001 {
                all.send(Price { of });
            }
            // Whoever is told of newest values has a turn.
            for _ in 0..20 {
                yield_now().await;
            }
        }
    };
    let expect = |logs: &Logs, said: &str, fields: &str| {
        let line = logs.line(said);
        assert!(line.contains("channel_runtime::socket") && line.ends_with(fields), "{line}");
        line
    };
    let (dropped, replaced) =
        ("volatile messages were dropped: clients are behind", "values were replaced: clients are behind");
    let refused = "a room has 1000 keys of it, and one more was refused";
    send_thrice().await;
    assert!(expect(&logs, dropped, r#"channel="Pit" type="pointer" dropped=1"#).contains("INFO"));
    assert!(expect(&logs, replaced, r#"channel="Pit" type="price" replaced=1"#).contains("INFO"));
    assert!(expect(&logs, refused, r#"channel="Pit" type="price" times=1"#).contains("WARN"));
    let logs = Logs::capture();
    send_thrice().await;
    assert!(!logs.text().contains("clients are behind") && !logs.text().contains("1000 keys"), "{}", logs.text());
    advance(Duration::from_secs(10)).await;
    send_thrice().await;
    expect(&logs, dropped, " dropped=6");
    // Each of the thousand values in each of five rounds.
    expect(&logs, replaced, " replaced=5000");
    expect(&logs, refused, " times=6");
}
