//! The examples as programs: each says where it listens, shows its page, talks to a foreign client, and ends cleanly
//! when asked to.

#[path = "support/examples.rs"]
mod examples;

use std::process::Stdio;
use std::time::Duration;

use examples::built;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// An example that runs; killed when dropped.
struct Example {
    process: Child,
    /// `127.0.0.1:40123`
    address: String,
}

impl Example {
    async fn start(name: &str) -> Self {
        Self::run("http", &mut Command::new(built(name))).await
    }

    /// Runs a command that becomes an example, which speaks `http` or `https`.
    async fn run(scheme: &str, command: &mut Command) -> Self {
        let mut process = command
            .env("ADDR", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo build --examples` makes it"));
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a line in time").expect("text").expect("a line");
        let prefix = format!("listening on {scheme}://");
        let address = line.strip_prefix(&prefix).unwrap_or_else(|| panic!("first line: {line}"));
        Self { process, address: address.to_owned() }
    }

    async fn connect(&self, path: &str) -> Client {
        Client::connect(format!("ws://{}{path}", self.address)).await.expect("let in")
    }

    /// One request over plain HTTP: the answer's status and body.
    async fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer in time").expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        (status, body.to_owned())
    }

    async fn shows_its_page(&self) {
        let (status, page) = self.request("GET", "/", "").await;
        assert_eq!(status, 200);
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert_eq!(self.request("GET", "/no-such-page", "").await.0, 404);
    }

    /// Presses ctrl-c: clients are told, and the program ends without complaint.
    async fn stops(mut self, clients: impl IntoIterator<Item = Client>) {
        let id = self.process.id().expect("it still runs");
        let kill = Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await.expect("a shell");
        assert!(kill.success());
        for mut client in clients {
            assert_eq!(client.goodbye().await, CloseCode::Away);
        }
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it stops in time").expect("a status");
        assert!(status.success(), "{status}");
    }
}

/// A WebSocket client that shares no line of code with the server.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(request: impl IntoClientRequest + Unpin) -> Result<Self, Error> {
        let (stream, _) = timeout(PATIENCE, connect_async(request)).await.expect("an answer in time")?;
        Ok(Self(stream))
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("connected");
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next()).await.expect("a message in time").expect("connected").expect("well formed")
    }

    /// The next message of this type; others are passed over.
    async fn expect(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            let Message::Text(text) = &message else { panic!("{kind} expected, and not {message:?}") };
            let value: Value = serde_json::from_str(text).expect("JSON");
            if value["type"] == kind {
                return value;
            }
        }
    }

    /// The server's close code; what it said before is passed over.
    async fn goodbye(&mut self) -> CloseCode {
        loop {
            if let Message::Close(close) = self.next().await {
                let CloseFrame { code, .. } = close.expect("a code");
                return code;
            }
        }
    }
}

/// The HTTP status and the body that a connect is refused with.
async fn refusal(request: impl IntoClientRequest + Unpin) -> (u16, String) {
    match Client::connect(request).await {
        Err(Error::Http(answer)) => {
            let body = answer.body().clone().unwrap_or_default();
            (answer.status().as_u16(), String::from_utf8(body).expect("text"))
        }
        Err(error) => panic!("not refused, but broken: {error}"),
        Ok(_) => panic!("let in"),
    }
}

#[tokio::test]
async fn chat() {
    let example = Example::start("chat").await;
    example.shows_its_page().await;
    let mut ann = example.connect("/chat/crab%20corner").await;
    assert_eq!(ann.expect("system").await["message"], "Welcome to room crab corner");
    let mut bob = example.connect("/chat/crab%20corner").await;
    assert_eq!(ann.expect("user_joined").await["count"], 2);

    bob.send(json!({ "type": "typing_start" })).await;
    ann.expect("user_typing").await;
    bob.send(json!({ "type": "chat_message", "message": "Hello", "ref": "1" })).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect("chat_message").await["message"], "Hello");
    }
    assert_eq!(bob.expect("success").await["ref"], "1");
    for nothing in [" ", "\u{200b}"] {
        bob.send(json!({ "type": "chat_message", "message": nothing })).await;
        assert_eq!(bob.expect("error").await["message"], "Message cannot be empty");
    }
    bob.send(json!({ "type": "ping" })).await;
    bob.expect("pong").await;
    bob.0.close(None).await.expect("connected");
    assert_eq!(ann.expect("user_left").await["count"], 1);
    example.stops([ann]).await;
}

#[tokio::test]
async fn game() {
    let example = Example::start("game").await;
    example.shows_its_page().await;
    let (status, opened) = example.request("POST", "/games", "").await;
    assert_eq!((status, opened.as_str()), (200, r#"{"game_id":1}"#));

    let mut nobody = example.connect("/game/4711?token=x").await;
    assert_eq!(nobody.expect("error").await["message"], "Game not found");
    let mut red = example.connect("/game/1?token=red").await;
    let mut white = example.connect("/game/1?token=white").await;
    for client in [&mut red, &mut white] {
        client.expect("welcome").await;
    }
    red.send(json!({ "type": "join_game", "player_name": "Rosa", "color": "red" })).await;
    white.expect("player_joined").await;
    white.send(json!({ "type": "join_game", "player_name": "Walter", "color": "white" })).await;
    let mut state = red.expect("game_state").await;
    while state["moves"] == json!([]) {
        state = red.expect("game_state").await;
    }
    let (from, to) = (&state["moves"][0]["from"], &state["moves"][0]["to"]);
    let step = json!({ "type": "move", "from": from, "to": to, "piece": state["board"][from.as_str().unwrap()] });
    white.send(step.clone()).await;
    assert_eq!(white.expect("error").await["message"], "Invalid move");
    red.send(step).await;
    assert_eq!(white.expect("move_made").await["to"], *to);
    white.send(json!({ "type": "leave_game" })).await;
    assert_eq!(red.expect("game_over").await["winner"], "red");
    example.stops([red, white]).await;
}

#[tokio::test]
async fn notifications() {
    let example = Example::start("notifications").await;
    example.shows_its_page().await;
    assert_eq!(refusal(format!("ws://{}/notifications", example.address)).await, (401, "Unauthorized".into()));
    let mut ann = example.connect("/notifications?user=ann").await;
    let mut bob = example.connect("/notifications?user=bob").await;
    for client in [&mut ann, &mut bob] {
        client.expect("inbox").await;
        assert_eq!(client.next().await, Message::binary(Bytes::new()));
        assert_eq!(client.expect("activity").await["hook"], "on_connect");
    }

    let (status, receipt) = example.request("POST", "/notify", r#"{"to":"all","text":"Lunch is ready"}"#).await;
    assert_eq!((status, receipt.as_str()), (202, r#"{"id":0,"devices":2}"#));
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect("notification").await["text"], "Lunch is ready");
    }
    let (_, receipt) = example.request("POST", "/notify", r#"{"to":["bob"],"text":"Your turn"}"#).await;
    assert_eq!(receipt, r#"{"id":1,"devices":1}"#);
    assert_eq!(bob.expect("notification").await["text"], "Your turn");

    ann.0.send(Message::binary(vec![1])).await.expect("connected");
    assert_eq!(ann.next().await, Message::binary(vec![1]));
    assert_eq!(ann.expect("activity").await["hook"], "on_binary");
    ann.0.send(Message::Ping("hello".into())).await.expect("connected");
    assert_eq!(ann.next().await, Message::Pong("hello".into()));
    assert_eq!(ann.expect("activity").await["hook"], "on_ping");
    ann.0.send(Message::Pong("hello".into())).await.expect("connected");
    assert_eq!(ann.expect("activity").await["hook"], "on_pong");
    ann.send(json!("nonsense")).await;
    assert_eq!(ann.expect("activity").await["hook"], "on_invalid");
    assert_eq!(ann.expect("error").await["code"], "notifications.listen");
    example.stops([ann, bob]).await;
}

#[tokio::test]
async fn secure() {
    let example = Example::start("secure").await;
    example.shows_its_page().await;
    let (status, token) = example.request("POST", "/login", r#"{"user":"ben","lifetime":60}"#).await;
    assert_eq!(status, 200);

    let handbook = format!("ws://{}/secure/handbook", example.address);
    let mut by_query = Client::connect(format!("{handbook}?token={token}")).await.expect("let in");
    let mut request = handbook.as_str().into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut by_header = Client::connect(request).await.expect("let in");
    for client in [&mut by_query, &mut by_header] {
        assert_eq!(client.expect("welcome").await["user"], "ben");
        client.expect("document").await;
    }
    by_query.send(json!({ "type": "write", "text": "Be kind." })).await;
    assert_eq!(by_header.expect("document").await["text"], "Be kind.");

    assert_eq!(refusal(handbook.as_str()).await, (401, "a token is needed".into()));
    assert_eq!(refusal(format!("{handbook}?token={token}x")).await, (401, "invalid token".into()));
    let payroll = format!("ws://{}/secure/payroll?token={token}", example.address);
    assert_eq!(refusal(payroll).await, (403, "access denied".into()));
    example.stops([by_query, by_header]).await;
}

#[tokio::test]
async fn metrics() {
    let example = Example::start("metrics").await;
    example.shows_its_page().await;
    let mut client = example.connect("/chat/lounge").await;
    client.send(json!({ "type": "say", "text": "hello" })).await;
    client.expect("said").await;
    client.send(json!({ "type": "say", "text": " " })).await;
    assert_eq!(client.expect("error").await["code"], "chat.empty");
    let (status, numbers) = example.request("GET", "/metrics", "").await;
    assert_eq!(status, 200);
    for line in [
        r#"channels_connections{channel="Chat"} 1"#,
        r#"channels_received_total{channel="Chat",type="say"} 2"#,
        r#"channels_faults_total{channel="Chat",code="application"} 1"#,
    ] {
        assert!(numbers.lines().any(|each| each == line), "{line}\n{numbers}");
    }
    example.stops([client]).await;
}

#[tokio::test]
async fn history() {
    let example = Example::start("history").await;
    example.shows_its_page().await;
    let mut ann = example.connect("/rooms/lobby").await;
    assert_eq!(ann.expect("newest").await["lines"], json!([]));
    ann.send(json!({ "type": "say", "key": "1", "text": "Hello", "ref": 1 })).await;
    assert_eq!(ann.expect("line").await["id"], 1);
    ann.expect("success").await;
    let mut bob = example.connect("/rooms/lobby").await;
    assert_eq!(bob.expect("newest").await["lines"], json!([{ "id": 1, "text": "Hello" }]));
    assert!(example.request("GET", "/", "").await.1.contains("<li data-id=\"1\">Hello</li>"));
    example.stops([ann, bob]).await;
}

/// With no Redis where it looks for one: it runs, and says so to whoever votes.
#[tokio::test]
async fn pooled() {
    let nowhere = tempfile::tempdir().expect("a directory").path().join("socket");
    let url = format!("redis+unix://{}", nowhere.display());
    let example = Example::run("http", Command::new(built("pooled")).env("REDIS_URL", url)).await;
    example.shows_its_page().await;
    let mut client = example.connect("/polls/drinks").await;
    client.send(json!({ "type": "vote", "drink": "tea", "ref": 1 })).await;
    let error = client.expect("error").await;
    assert_eq!((&error["code"], &error["ref"]), (&json!("poll.unavailable"), &json!(1)));
    client.send(json!({ "type": "vote", "drink": "wine" })).await;
    assert_eq!(client.expect("error").await["code"], "invalid_payload");
    example.stops([client]).await;
}

#[tokio::test]
async fn board() {
    let example = Example::start("board").await;
    example.shows_its_page().await;
    for (file, begins) in [("/board.js", "// Made by esbuild"), ("/style.css", "/* What the pages")] {
        assert!(example.request("GET", file, "").await.1.starts_with(begins), "{file}");
    }
    let mut ann = example.connect("/board/plans").await;
    assert_eq!(ann.expect("drawing").await["strokes"], json!([]));
    assert_eq!(ann.expect("welcome").await["you"], 1);
    ann.expect("people").await;
    ann.send(json!({ "type": "draw", "color": "red", "width": 4, "points": [[1, 2], [3, 4.5]], "ref": 1 })).await;
    assert_eq!(ann.expect("stroke_added").await["stroke"]["points"], json!([[1.0, 2.0], [3.0, 4.5]]));
    assert_eq!(ann.expect("success").await["data"], 1);
    ann.send(json!({ "type": "draw", "color": "pink", "width": 4, "points": [[1, 2]] })).await;
    assert_eq!(ann.expect("error").await["code"], "invalid_payload");
    example.stops([ann]).await;
}

/// Its page finds the slow network by its port, where it is a page of another host.
#[tokio::test]
async fn ticker() {
    let example = Example::start("ticker").await;
    example.shows_its_page().await;
    let mut newest = example.connect("/newest").await;
    let mut each = example.connect("/each").await;
    let (first, update) = (newest.expect("tick").await, each.expect("tick").await);
    assert!(
        first["quote"]["price"].as_f64() > Some(0.0) && update["quote"]["n"].as_u64() > Some(0),
        "{first} {update}"
    );
    let page = example.request("GET", "/", "").await.1;
    let (_, port) = page.split_once("data-slow=\"").expect("a port");
    let (port, _) = port.split_once('"').expect("a port");
    let mut slow = format!("ws://127.0.0.1:{port}/newest").into_client_request().expect("a request");
    slow.headers_mut().insert("origin", format!("http://{}", example.address).parse().expect("a header"));
    let mut slow = Client::connect(slow).await.expect("let in");
    let mut last = slow.expect("tick").await;
    while last["symbol"] != first["symbol"] || last["quote"]["n"].as_u64() <= first["quote"]["n"].as_u64() {
        last = slow.expect("tick").await;
    }
    drop(slow);
    example.stops([newest, each]).await;
}

#[tokio::test]
async fn whiteboard() {
    let example = Example::start("whiteboard").await;
    example.shows_its_page().await;
    let mut ann = example.connect("/board/plans").await;
    assert_eq!(ann.next().await, Message::binary(vec![2]));
    ann.expect("people").await;
    let mut bob = example.connect("/board/plans").await;
    assert_eq!(bob.next().await, Message::binary(vec![2]));
    assert_eq!(ann.expect("people").await["count"], 2);
    assert_eq!(bob.expect("people").await["count"], 2);
    let draw = Message::binary(vec![1, 2, 40, 1, 0, 0, 1, 0, 1]);
    ann.0.send(draw.clone()).await.expect("connected");
    assert_eq!(bob.next().await, draw);
    assert_eq!(ann.next().await, Message::binary(vec![6]));
    ann.0.send(Message::binary(vec![1, 9, 40, 1, 0, 0, 1, 0, 1])).await.expect("connected");
    assert_eq!(ann.expect("error").await["code"], "invalid_payload");
    example.stops([ann, bob]).await;
}

/// Its clients' own tests are in `tests/clients`.
#[tokio::test]
async fn sync() {
    let example = Example::start("sync").await;
    let mut ann = example.connect("/sync/notes").await;
    assert_eq!(ann.next().await, Message::binary(vec![0, 0, 1, 0]));
    assert_eq!(ann.next().await, Message::binary(vec![1, 1, 0]));
    ann.0.send(Message::binary(vec![0, 0, 1, 0])).await.expect("connected");
    assert_eq!(ann.next().await, Message::binary(vec![0, 1, 2, 0, 0]));
    example.stops([ann]).await;
}

#[tokio::test]
async fn subprotocols() {
    let example = Example::start("subprotocols").await;
    example.shows_its_page().await;
    let offering = |path: &str, offers: &'static str| {
        let mut request = format!("ws://{}{path}", example.address).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(offers));
        request
    };
    let mut client = Client::connect(offering("/required", "kv.v2, kv.v1")).await.expect("let in");
    assert_eq!(client.expect("welcome").await["subprotocol"], "kv.v2");
    let nothing = "offer one of the subprotocols `kv.v1`, `kv.v2`";
    assert_eq!(refusal(format!("ws://{}/required", example.address)).await, (400, nothing.into()));
    let mut closed = example.connect("/closing").await;
    assert_eq!(closed.goodbye().await, CloseCode::Library(4406));
    let mut bare = example.connect("/optional").await;
    assert_eq!(bare.expect("welcome").await["subprotocol"], Value::Null);
    example.stops([client, bare]).await;
}

#[tokio::test]
async fn echo() {
    let example = Example::run("http", Command::new(built("echo")).args(["--message-bytes", "5"])).await;
    let mut client = example.connect("/").await;
    for message in [Message::text("hello"), Message::binary(vec![0, 255]), Message::text("")] {
        client.0.send(message.clone()).await.expect("connected");
        assert_eq!(client.next().await, message);
    }
    let mut other = example.connect("/").await;
    other.0.send(Message::text("longer")).await.expect("connected");
    assert_eq!(other.goodbye().await, CloseCode::Size);
    example.stops([client]).await;

    let mistaken = Command::new(built("echo")).arg("--compress").output().await.expect("it runs");
    assert_eq!(mistaken.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mistaken.stderr).starts_with("there is no flag --compress\n\nUsage: echo"));
}

#[tokio::test]
async fn users() {
    let example = Example::start("users").await;
    example.shows_its_page().await;
    let mut phone = example.connect("/user?user=ann&device=phone").await;
    phone.expect("devices").await;
    let mut laptop = example.connect("/user?user=ann&device=laptop").await;
    assert_eq!(phone.expect("devices").await["count"], 2);
    let mut bob = example.connect("/user?user=bob&device=phone").await;
    bob.expect("devices").await;

    bob.send(json!({ "type": "send_to_user", "ref": 7, "user_id": "ann", "text": "Hello" })).await;
    let answer = bob.expect("success").await;
    assert_eq!((&answer["ref"], &answer["data"]["devices"]), (&json!(7), &json!(2)));
    for client in [&mut phone, &mut laptop] {
        assert_eq!(client.expect("letter").await["text"], "Hello");
    }
    phone.send(json!({ "type": "send_to_users", "user_ids": ["bob", "cat"], "text": "Hi" })).await;
    assert_eq!(laptop.expect("letter").await["to"], json!(["bob", "cat"]));
    assert_eq!(bob.expect("letter").await["device"], "phone");
    laptop.send(json!({ "type": "broadcast", "text": "To all" })).await;
    assert_eq!(bob.expect("letter").await["text"], "To all");

    let order = r#"{"user_id":"bob","role":"reader"}"#;
    assert_eq!(example.request("POST", "/role", order).await, (200, r#"{"devices":1}"#.into()));
    assert_eq!(bob.expect("your_role").await["role"], "reader");
    bob.send(json!({ "type": "broadcast", "text": "To all" })).await;
    assert_eq!(bob.expect("error").await["code"], "forbidden");
    example.stops([phone, laptop, bob]).await;
}

#[tokio::test]
async fn batched() {
    let example = Example::start("batched").await;
    example.shows_its_page().await;
    let mut roof = example.connect("/sensors/roof").await;
    let mut cellar = example.connect("/sensors/cellar").await;
    for n in 0..60 {
        let sensor = if n % 2 == 0 { &mut roof } else { &mut cellar };
        sensor.send(json!({ "type": "measured", "ref": n, "celsius": n / 2 })).await;
    }
    let mut commits = 0;
    for n in 0..60 {
        let sensor = if n % 2 == 0 { &mut roof } else { &mut cellar };
        let stored = sensor.expect("stored").await;
        assert_eq!(stored["ref"], n);
        commits = commits.max(stored["commits"].as_u64().expect("a number"));
    }
    assert!(commits < 60, "{commits}");
    roof.send(json!({ "type": "measured", "ref": "sun", "celsius": 5500 })).await;
    assert_eq!(roof.expect("error").await["ref"], "sun");
    example.stops([roof, cellar]).await;
}

#[tokio::test]
async fn axum() {
    let example = Example::start("axum").await;
    example.shows_its_page().await;
    let mut ann = example.connect("/topics/fresh%20bread").await;
    assert_eq!(ann.expect("welcome").await["topic"], "fresh bread");
    let mut bob = example.connect("/topics/fresh%20bread").await;
    assert_eq!(bob.expect("welcome").await["watching"], 2);
    let heard = example.request("POST", "/publish/fresh%20bread", "rye").await;
    assert_eq!(heard, (200, r#"{"watching":2}"#.into()));
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect("news").await["text"], "rye");
    }
    assert_eq!(example.request("POST", "/publish/fresh%20bread", " ").await, (422, "say something".into()));
    assert_eq!(example.request("POST", "/publish/cake", "apple").await.1, r#"{"watching":0}"#);
    example.stops([ann, bob]).await;
}

/// What the head of an example says to type, typed: the commands in its documentation that begin with `curl`.
#[tokio::test]
async fn the_commands_in_the_heads_of_the_examples_do_what_they_say() {
    for (name, commands) in [("axum", 1), ("metrics", 1), ("notifications", 1), ("users", 1)] {
        let source = std::fs::read_to_string(format!("examples/{name}.rs")).expect("an example");
        let head: String = source.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n");
        let found: Vec<_> = head.split(['`', '\n']).map(str::trim).filter(|text| text.starts_with("curl ")).collect();
        assert_eq!(found.len(), commands, "{name}: {found:?}");
        let example = Example::start(name).await;
        for command in found {
            assert!(command.contains("127.0.0.1:3030"), "{command}");
            let command = command.replace("127.0.0.1:3030", &example.address);
            let command = command.replacen("curl ", "curl --silent --show-error --fail-with-body ", 1);
            let output = Command::new("sh").args(["-c", &command]).output();
            let output = timeout(PATIENCE, output).await.expect("in time").expect("a shell");
            assert!(output.status.success(), "{command}: {output:?}");
        }
        example.stops([]).await;
    }
}

/// All that a server can't accept for want of descriptors waits; who is there already is served.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_runs_out_of_file_descriptors_goes_on_and_takes_the_rest_when_it_can() {
    const DESCRIPTORS: usize = 40;
    const CLIENTS: usize = 60;

    let limited = format!("ulimit -n {DESCRIPTORS} && exec \"$0\"");
    let example = Example::run("http", Command::new("sh").args(["-c", &limited]).arg(built("chat"))).await;
    let mut first = example.connect("/chat/first").await;
    let mut coming = JoinSet::new();
    for n in 0..CLIENTS {
        let url = format!("ws://{}/chat/{n}", example.address);
        coming.spawn(async move { Client::connect(url).await.expect("let in, sooner or later") });
    }
    let open = format!("/proc/{}/fd", example.process.id().expect("it runs"));
    let exhausted = async {
        while std::fs::read_dir(&open).expect("a process").count() < DESCRIPTORS {
            yield_now().await;
        }
    };
    timeout(PATIENCE, exhausted).await.expect("more clients than descriptors");
    let mut served = 0;
    while let Some(client) = coming.join_next().await {
        first.send(json!({ "type": "ping" })).await;
        first.expect("pong").await;
        let mut client = client.expect("no panic");
        client.send(json!({ "type": "ping" })).await;
        client.expect("pong").await;
        served += 1;
    }
    assert_eq!(served, CLIENTS);
    let newcomer = example.connect("/chat/newcomer").await;
    example.stops([first, newcomer]).await;
}

#[tokio::test]
async fn who_tries_an_example_sees_who_is_refused() {
    let mut example = Example::run("http", Command::new(built("chat")).stderr(Stdio::piped())).await;
    let mut log = BufReader::new(example.process.stderr.take().expect("piped")).lines();
    let mut next = async || timeout(PATIENCE, log.next_line()).await.expect("in time").expect("text").expect("a line");
    let listens = next().await;
    assert!(listens.ends_with(&format!("listening on {}", example.address)), "{listens}");
    let mut foreign = format!("ws://{}/chat/general", example.address).into_client_request().expect("a request");
    foreign.headers_mut().insert("origin", "https://evil.example".parse().expect("a header"));
    let Err(Error::Http(refused)) = Client::connect(foreign).await else { panic!("let in") };
    assert_eq!(refused.status(), 403);
    let warns = next().await;
    assert!(warns.contains("WARN") && warns.contains("https://evil.example"), "{warns}");
    example.stops([]).await;
}

/// What is wrong with what an operator writes is told in words, and what to write.
#[tokio::test]
async fn an_operator_is_told_what_to_write() {
    for (variable, value, words) in [
        ("PROXY", "nonsense", r#"Error: "nonsense" is no proxy: write its address, or a network such as `10.0.0.0/8`"#),
        ("JWT_SECRET", "short", "a secret for HS256 has 32 bytes at least"),
    ] {
        let output = Command::new(built("secure")).env("ADDR", "127.0.0.1:0").env(variable, value).output();
        let output = timeout(PATIENCE, output).await.expect("it ends in time").expect("it runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && told.contains(words), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}

#[cfg(feature = "tls")]
mod over_tls {
    use std::sync::Arc;

    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

    use super::*;

    /// Goes on as a browser does whose user says so: the example's certificate is known to nobody.
    #[derive(Debug)]
    struct Trusting(CryptoProvider);

    impl ServerCertVerifier for Trusting {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }

    async fn connect(example: &Example) -> TlsStream<TcpStream> {
        let verifier = Arc::new(Trusting(ring::default_provider()));
        let config = ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier);
        let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
        let stream = TcpStream::connect(&example.address).await.expect("it listens");
        let name = ServerName::try_from("localhost").expect("a name");
        timeout(PATIENCE, connector.connect(name, stream)).await.expect("a handshake in time").expect("TLS")
    }

    #[tokio::test]
    async fn tls() {
        let example = Example::run("https", &mut Command::new(built("tls"))).await;
        let mut browser = connect(&example).await;
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        browser.write_all(request).await.expect("it reads");
        let mut answer = String::new();
        timeout(PATIENCE, browser.read_to_string(&mut answer)).await.expect("an answer in time").expect("text");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("<!doctype html>"), "{answer}");

        let url = format!("wss://{}/chat/general", example.address);
        let client = tokio_tungstenite::client_async(url, connect(&example).await);
        let (mut client, _) = timeout(PATIENCE, client).await.expect("an answer in time").expect("let in");
        for kind in ["system", "pong"] {
            let heard =
                timeout(PATIENCE, client.next()).await.expect("in time").expect("connected").expect("well formed");
            let heard: Value = serde_json::from_str(heard.to_text().expect("text")).expect("JSON");
            assert_eq!(heard["type"], kind);
            client.send(Message::text(json!({ "type": "ping" }).to_string())).await.expect("connected");
        }
        drop(client);
        example.stops([]).await;
    }
}
