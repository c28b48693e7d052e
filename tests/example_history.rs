//! The example `history`: through the testing kit, and as a process that is killed.

#[path = "support/examples.rs"]
mod examples;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/history.rs"]
mod history;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use examples::built;
use futures::{SinkExt, StreamExt};
use history::{Line, Lines, Newest, Room, Say};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

fn app() -> TestApp<Lines> {
    testing::app(history::server(Lines::open(":memory:").unwrap()))
}

async fn enter(app: &TestApp<Lines>) -> (Client<Room>, Vec<Line>) {
    let mut client = app.connect::<Room>("/rooms/lobby").await.unwrap();
    let Newest { lines } = client.expect().await;
    (client, lines)
}

fn say(key: &str, text: &str) -> Say {
    Say { key: key.into(), text: text.into() }
}

fn line(id: i64, text: &str) -> Line {
    Line { id, text: text.into() }
}

#[tokio::test]
async fn who_comes_is_sent_what_is_written_and_then_what_is_said() {
    let app = app();
    let (mut ann, nothing) = enter(&app).await;
    assert_eq!(nothing, []);
    ann.request(say("1", "one")).success().await;
    assert_eq!(ann.expect::<Line>().await, line(1, "one"));
    let (mut bob, lines) = enter(&app).await;
    assert_eq!(lines, [line(1, "one")]);
    ann.send(say("2", "two"));
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect::<Line>().await, line(2, "two"));
        client.expect_nothing().await;
    }
    for (key, text) in [("3", " "), ("", "three"), (&"3".repeat(65), "three"), ("3", &"3".repeat(1001))] {
        ann.send(say(key, text));
        ann.expect_error("validation").await;
    }
}

#[tokio::test]
async fn who_was_cut_off_is_sent_what_it_missed_and_nothing_is_read() {
    let app = app();
    let ((mut ann, _), (mut bob, _)) = (enter(&app).await, enter(&app).await);
    ann.lose();
    for n in 1..=3 {
        bob.request(say(&format!("{n}"), "anybody here?")).success().await;
    }
    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(3));
    for n in 1..=3 {
        assert_eq!(ann.expect::<Line>().await, line(n, "anybody here?"));
    }
    ann.expect_nothing().await;
}

#[tokio::test]
async fn what_is_said_again_is_one_line() {
    let app = app();
    let (mut ann, _) = enter(&app).await;
    for _ in 0..2 {
        ann.request(say("1", "one")).success().await;
    }
    assert_eq!(ann.expect::<Line>().await, line(1, "one"));
    ann.expect_nothing().await;
}

#[tokio::test]
async fn a_page_goes_on_from_where_it_was_rendered() {
    let app = app();
    let (mut ann, _) = enter(&app).await;
    ann.request(say("1", "<b>one</b> & all")).success().await;
    let page = app.get("/").await;
    let page = page.text();
    let (position, rest) = page.split_once("data-position=\"").unwrap().1.split_once('"').unwrap();
    assert!(rest.contains("<li data-id=\"1\">&lt;b>one&lt;/b> &amp; all</li></ul>"), "{page}");
    ann.request(say("2", "two")).success().await;
    let mut of_page = app.connect::<Room>("/rooms/lobby").query("$resume", position).await.unwrap();
    assert_eq!(of_page.joined().await.resumed(), Some(1));
    assert_eq!(of_page.expect::<Line>().await, line(2, "two"));
    of_page.expect_nothing().await;
}

/// A server that runs over this file. Killed when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    async fn start(database: &Path) -> Self {
        let mut process = Command::new(built("history"))
            .env("ADDR", "127.0.0.1:0")
            .env("DATABASE", database)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`cargo build --examples` makes it");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("text").expect("a line");
        let address = first.strip_prefix("listening on http://").expect("its address").to_owned();
        Self { process, address }
    }

    /// As `kill -9` does.
    async fn killed(mut self) {
        self.process.kill().await.expect("it ran");
    }
}

/// What the page does, without a browser.
#[derive(Default)]
struct Reader {
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    position: Option<(String, u64)>,
    fresh: Value,
    /// In the order in which they came.
    lines: Vec<Line>,
    answered: BTreeMap<String, bool>,
}

impl Reader {
    async fn connects(&mut self, server: &Server) {
        let resume = self.position.as_ref().map(|(at, seq)| format!("?$resume={at}:{seq}")).unwrap_or_default();
        let mut request = format!("ws://{}/rooms/lobby{resume}", server.address).into_client_request().unwrap();
        let offers = HeaderValue::from_static("channels.1.json, channels.hello");
        request.headers_mut().insert("sec-websocket-protocol", offers);
        let (socket, _) = timeout(PATIENCE, connect_async(request)).await.expect("in time").expect("let in");
        self.socket = Some(socket);
        while self.hears().await != "$joined" {}
    }

    async fn says(&mut self, key: &str) {
        self.answered.entry(key.to_owned()).or_default();
        let said = json!({ "type": "say", "key": key, "text": key, "ref": key }).to_string();
        self.socket.as_mut().expect("connected").send(Message::text(said)).await.expect("connected");
    }

    /// Takes one message, and returns its type. Empty at the connection's end.
    async fn hears(&mut self) -> String {
        let socket = self.socket.as_mut().expect("connected");
        let Some(Ok(Message::Text(text))) = timeout(PATIENCE, socket.next()).await.expect("in time") else {
            return String::new();
        };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        let kind = message["type"].as_str().expect("a type").to_owned();
        match kind.as_str() {
            "$joined" => {
                self.fresh = message["fresh"].clone();
                self.position = Some((message["at"].as_str().unwrap().into(), message["seq"].as_u64().unwrap()));
                if !self.fresh.is_null() {
                    self.lines.clear();
                }
            }
            "newest" => message["lines"].as_array().unwrap().iter().for_each(|line| self.shows(line)),
            "line" => {
                self.position.as_mut().expect("joined").1 = message["$seq"].as_u64().expect("a number");
                self.shows(&message);
            }
            "success" => {
                self.answered.insert(message["ref"].as_str().expect("ours").into(), true);
            }
            _ => {}
        }
        kind
    }

    fn shows(&mut self, line: &Value) {
        let line = Line { id: line["id"].as_i64().unwrap(), text: line["text"].as_str().unwrap().into() };
        if self.lines.last().is_none_or(|last| last.id < line.id) {
            self.lines.push(line);
        }
    }

    async fn hears_until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            assert_ne!(self.hears().await, "", "the connection has ended");
        }
    }

    fn answers(&self) -> usize {
        self.answered.values().filter(|is_answered| **is_answered).count()
    }
}

#[tokio::test]
async fn a_server_that_killed_loses_no_line_and_doubles_none() {
    const LINES: usize = 40;

    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("lines.db");
    let (mut writer, mut reader) = (Reader::default(), Reader::default());
    let keys: Vec<_> = (0..LINES).map(|n| format!("{n:02}")).collect();
    // Each server is killed while it has lines that it has not answered.
    for answered in [5, 15, 25] {
        let server = Server::start(&database).await;
        writer.connects(&server).await;
        reader.connects(&server).await;
        for key in &keys {
            if writer.answered.get(key) != Some(&true) {
                writer.says(key).await;
            }
        }
        writer.hears_until(|it| it.answers() >= answered).await;
        server.killed().await;
        // What it had sent before.
        for client in [&mut writer, &mut reader] {
            while !client.hears().await.is_empty() {}
        }
    }
    let server = Server::start(&database).await;
    for client in [&mut writer, &mut reader] {
        client.connects(&server).await;
        assert_eq!(client.fresh, "replaced");
    }
    for key in &keys {
        writer.says(key).await;
    }
    writer.hears_until(|it| it.answers() == LINES && it.lines.len() == LINES).await;
    reader.hears_until(|it| it.lines.len() == LINES).await;
    let mut newcomer = Reader::default();
    newcomer.connects(&server).await;
    newcomer.hears_until(|it| it.lines.len() == LINES).await;
    let said: Vec<_> = newcomer.lines.iter().map(|line| line.text.clone()).collect();
    assert_eq!(said, keys);
    for client in [&writer, &reader] {
        assert_eq!(client.lines, newcomer.lines);
    }
}
