//! History as clients hear it over TCP: numbers, positions, what is replayed and to whom, and what keeps a room.

mod support;

use std::sync::Arc;

use channel_runtime::http::StatusCode;
use channel_runtime::{Config, Fresh, Hub, Joined, Server, Socket, channel, channels, message};
use serde_json::{Value, json};
use support::board::Name;
use support::{Raw, Running, start, text, upgrade, within};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[message(type = "say")]
pub struct Say {
    text: String,
}

/// To whom what is said goes.
#[message(type = "say_to")]
pub struct SayTo {
    text: String,
    whom: Whom,
}

#[derive(serde::Deserialize, serde::Serialize, channel_runtime::describe::Describe)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    Others,
    All,
    Me,
    Everybody,
    Bob,
    NotBob,
    Symbol,
    With,
}

#[message(type = "join")]
pub struct JoinSymbol {
    name: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

pub struct Symbol(String);

impl std::fmt::Display for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What hooks were told.
type Told = UnboundedSender<String>;

#[channel("/chat/:room", history(size = 5), rooms(Symbol(history(size = 3, recent = 1))), app = Told)]
pub struct Chat {
    room: String,
    #[extract]
    name: Name,
}

#[channel(sends(Said))]
impl Chat {
    fn identity(&self) -> Option<String> {
        self.name.0.clone()
    }

    fn on_connect(&self, socket: &Socket<Self>, told: &Told) {
        let how = match socket.joined() {
            Joined::Resumed { missed } => format!("resumed {missed}"),
            Joined::Fresh { reason: Fresh::First } => "first".to_owned(),
            other => format!("{other:?}"),
        };
        told.send(how).expect("the test listens");
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }

    #[message]
    fn say_to(&self, say: SayTo, socket: &Socket<Self>) {
        let said = Said { text: say.text };
        match say.whom {
            Whom::Others => socket.others().send(said),
            Whom::All => socket.room().send(said),
            Whom::Me => socket.send(said),
            Whom::Everybody => socket.all().send(said),
            Whom::Bob => socket.room().only_user("bob").send(said),
            Whom::NotBob => socket.room().except_user("bob").send(said),
            Whom::Symbol => socket.room_of(&Symbol("A".into())).send(said),
            Whom::With => socket.room().send_with(|_| said),
        };
    }

    #[message]
    fn join(&self, join: JoinSymbol, socket: &Socket<Self>) {
        socket.join(&Symbol(join.name));
    }
}

fn app() -> (Server<Told>, Hub<Chat>, UnboundedReceiver<String>) {
    let (told, tells) = unbounded_channel();
    let channels = channels![Chat];
    let hub = channels.of::<Chat>();
    (channels.app(told), hub, tells)
}

struct Client {
    raw: Raw,
    joined: Value,
    /// What it would give back.
    position: String,
}

fn query(name: &str, positions: &[&str]) -> String {
    let positions: Vec<_> = positions.iter().map(|position| format!("&$resume={position}")).collect();
    format!("?name={name}{}", positions.concat())
}

impl Client {
    async fn connect(server: &Running, path: &str) -> Self {
        let mut raw = server.connect().await;
        let offers = "\r\nSec-WebSocket-Protocol: channels.1.json, channels.hello\r\n";
        let response = raw.request(&upgrade(path).replacen("\r\n", offers, 1)).await;
        assert_eq!(response.status, StatusCode::SWITCHING_PROTOCOLS);
        let mut client = Self { raw, joined: Value::Null, position: String::new() };
        assert_eq!(client.next().await["type"], "$hello");
        client.joined = client.next().await;
        assert_eq!(client.joined["type"], "$joined");
        if let Some(at) = client.joined["at"].as_str() {
            client.position = format!("{at}:{}", client.joined["seq"]);
        }
        client
    }

    async fn comes(server: &Running, name: &str) -> Self {
        Self::connect(server, &format!("/chat/a{}", query(name, &[]))).await
    }

    async fn comes_back(server: &Running, name: &str, position: &str) -> Self {
        Self::connect(server, &format!("/chat/a{}", query(name, &[position]))).await
    }

    async fn next(&mut self) -> Value {
        let frame = self.raw.frame().await.expect("a text");
        assert_eq!(frame.first, 0x81);
        serde_json::from_slice(&frame.payload).unwrap()
    }

    /// The next message, by which its position advances.
    async fn hears(&mut self) -> (u64, String) {
        let said = self.next().await;
        let number = said["$seq"].as_u64().unwrap_or_default();
        if number > 0 && said["$room"].is_null() {
            let (at, _) = self.position.rsplit_once(':').expect("a position");
            self.position = format!("{at}:{number}");
        }
        (number, said["text"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned())
    }

    async fn says(&mut self, text: &str) {
        self.sends(&json!({ "type": "say", "text": text })).await;
    }

    async fn says_to(&mut self, whom: &str, text: &str) {
        self.sends(&json!({ "type": "say_to", "whom": whom, "text": text })).await;
    }

    async fn sends(&mut self, message: &Value) {
        self.raw.write(text_of(message)).await;
    }
}

fn text_of(message: &Value) -> Vec<u8> {
    text(&message.to_string())
}

fn heard(number: u64, text: &str) -> (u64, String) {
    (number, text.to_owned())
}

#[tokio::test]
async fn who_comes_back_hears_what_it_missed_and_what_is_sent_then() {
    let (app, _, mut tells) = app();
    let server = start(app).await;
    let (mut ann, mut bob) = (Client::comes(&server, "ann").await, Client::comes(&server, "bob").await);
    assert_eq!((&ann.joined["seq"], &ann.joined["fresh"]), (&json!(0), &json!("first")));
    ann.says("1").await;
    assert_eq!((ann.hears().await, bob.hears().await), (heard(1, "1"), heard(1, "1")));
    let position = bob.position.clone();
    drop(bob);
    ann.says_to("others", "2").await;
    ann.says_to("with", "3").await;
    assert_eq!(ann.hears().await, heard(3, "3"), "it said the second itself");
    let mut bob = Client::comes_back(&server, "bob", &position).await;
    assert_eq!(
        (&bob.joined["seq"], &bob.joined["resumed"], &bob.joined["fresh"]),
        (&json!(1), &json!(2), &Value::Null)
    );
    ann.says("4").await;
    for number in 2..=4 {
        assert_eq!(bob.hears().await, heard(number, &number.to_string()));
    }
    let told: Vec<String> = [tells.recv().await, tells.recv().await, tells.recv().await].map(Option::unwrap).into();
    assert_eq!(told, ["first", "first", "resumed 2"]);
}

#[tokio::test]
async fn what_a_client_was_not_meant_to_hear_it_does_not_hear_when_it_comes_back() {
    let (app, _, _tells) = app();
    let server = start(app).await;
    let (mut ann, mut bob) = (Client::comes(&server, "ann").await, Client::comes(&server, "bob").await);
    let (at_first, bobs) = (ann.position.clone(), bob.position.clone());
    ann.says_to("others", "not for ann").await;
    bob.hears().await;
    ann.says_to("not_bob", "not for bob").await;
    assert_eq!(ann.hears().await, heard(2, "not for bob"));
    drop(ann);
    // As one that was cut before it heard the second.
    let mut ann = Client::comes_back(&server, "ann", &at_first).await;
    assert_eq!(ann.joined["resumed"], 1);
    assert_eq!(ann.hears().await, heard(2, "not for bob"));
    ann.says_to("others", "not for ann either").await;
    assert_eq!(bob.hears().await, heard(3, "not for ann either"));
    let position = ann.position.clone();
    drop((ann, bob));
    let mut ann = Client::comes_back(&server, "ann", &position).await;
    assert_eq!(ann.joined["resumed"], 0, "what its second connection sent is its session's");
    let mut bob = Client::comes_back(&server, "bob", &bobs).await;
    assert_eq!(bob.joined["resumed"], 2);
    assert_eq!([bob.hears().await.0, bob.hears().await.0], [1, 3]);
    ann.says("4").await;
    assert_eq!(ann.hears().await.0, 4);
}

#[tokio::test]
async fn only_what_was_sent_to_the_room_is_numbered_and_kept() {
    let (app, hub, _tells) = app();
    let server = start(app).await;
    let mut bob = Client::comes(&server, "bob").await;
    let position = bob.position.clone();
    for whom in ["me", "everybody", "bob"] {
        bob.says_to(whom, whom).await;
        assert_eq!(bob.hears().await, heard(0, whom));
    }
    hub.room(&Chat::room("a")).send(Said { text: "by a hub".into() });
    hub.rooms([Chat::room("a"), Chat::room("b")]).send(Said { text: "to two".into() });
    assert_eq!([bob.hears().await, bob.hears().await], [heard(1, "by a hub"), heard(2, "to two")]);
    drop(bob);
    let mut bob = Client::comes_back(&server, "bob", &position).await;
    assert_eq!(bob.joined["resumed"], 2);
    assert_eq!([bob.hears().await.0, bob.hears().await.0], [1, 2]);
}

#[tokio::test]
async fn who_can_not_have_everything_is_told_why() {
    let (app, hub, _tells) = app();
    let server = start(app).await;
    let ann = Client::comes(&server, "ann").await;
    let said = |text: &str| Said { text: text.to_owned() };
    for _ in 0..6 {
        hub.room(&Chat::room("a")).send(said("x"));
    }
    let (at, _) = ann.position.rsplit_once(':').unwrap();
    let of_another_room = Client::connect(&server, "/chat/b").await.position;
    for (position, fresh) in [
        (format!("{at}:0"), "expired"),
        (format!("{at}:7"), "replaced"),
        (of_another_room, "replaced"),
        ("%00".to_owned(), "replaced"),
        ("x".repeat(5000), "first"),
    ] {
        let bob = Client::comes_back(&server, "bob", &position).await;
        assert_eq!((&bob.joined["fresh"], &bob.joined["seq"]), (&json!(fresh), &json!(6)), "{position}");
    }
    let mut bob = Client::comes_back(&server, "bob", &format!("{at}:1")).await;
    assert_eq!(bob.joined["resumed"], 5);
    assert_eq!(bob.hears().await.0, 2);
}

#[tokio::test]
async fn a_replay_that_is_too_long_for_a_client_is_none() {
    let (told, _tells): (Told, _) = unbounded_channel();
    let channels = channels![Chat];
    let hub = channels.of::<Chat>();
    let server = start(channels.app(told).config(Config::default().outbox_bytes(2000))).await;
    let ann = Client::comes(&server, "ann").await;
    for _ in 0..3 {
        hub.room(&Chat::room("a")).send(Said { text: "x".repeat(400) });
    }
    let bob = Client::comes_back(&server, "bob", &ann.position).await;
    assert_eq!((&bob.joined["fresh"], &bob.joined["seq"]), (&json!("too_far"), &json!(3)));
}

#[tokio::test]
async fn a_client_that_offers_nothing_hears_the_numbers_alone() {
    let (app, hub, _tells) = app();
    let server = start(app).await;
    let mut old = server.connect().await;
    assert_eq!(old.request(&upgrade("/chat/a?name=old&$resume=1-2:3")).await.status, StatusCode::SWITCHING_PROTOCOLS);
    while hub.room(&Chat::room("a")).is_empty() {
        tokio::task::yield_now().await;
    }
    hub.room(&Chat::room("a")).send(Said { text: "x".into() });
    hub.all().send(Said { text: "y".into() });
    old.expect(support::Frame::text(r#"{"$seq":1,"type":"said","text":"x"}"#)).await;
    old.expect(support::Frame::text(r#"{"type":"said","text":"y"}"#)).await;
}

#[tokio::test]
async fn a_declared_room_has_its_own_numbers_and_positions() {
    let (app, hub, _tells) = app();
    let server = start(app).await;
    let (mut ann, mut bob) = (Client::comes(&server, "ann").await, Client::comes(&server, "bob").await);
    let join = json!({ "type": "join", "name": "A" });
    ann.sends(&join).await;
    let joined = ann.next().await;
    assert_eq!(
        (&joined["type"], &joined["$room"], &joined["seq"], &joined["fresh"], &joined["id"]),
        (&json!("$joined"), &json!("symbol:A"), &json!(0), &json!("first"), &Value::Null)
    );
    bob.sends(&join).await;
    let at = bob.next().await["at"].as_str().unwrap().to_owned();
    let symbol = hub.room(&Symbol("A".into()));
    for text in ["1", "2"] {
        symbol.send(Said { text: text.into() });
    }
    assert_eq!(ann.raw.frame().await.unwrap().payload, br#"{"$seq":1,"type":"said","$room":"symbol:A","text":"1"}"#);
    drop(bob);
    let back = format!("/chat/a{}", query("bob", &[&format!("{at}:1@symbol:A"), "1-2:3@symbol:B"]));
    let mut bob = Client::connect(&server, &back).await;
    assert_eq!(bob.joined["fresh"], "first", "it gave no position of its path's room");
    bob.sends(&join).await;
    let joined = bob.next().await;
    assert_eq!((&joined["seq"], &joined["resumed"]), (&json!(1), &json!(1)));
    assert_eq!(bob.hears().await, heard(2, "2"));
    bob.sends(&join).await;
    symbol.send(Said { text: "3".into() });
    assert_eq!(bob.hears().await, heard(3, "3"), "it was in the room");
    let mut cat = Client::comes(&server, "cat").await;
    cat.sends(&join).await;
    let joined = cat.next().await;
    assert_eq!((&joined["seq"], &joined["fresh"]), (&json!(2), &json!("first")));
    assert_eq!(cat.hears().await, heard(3, "3"), "the newest one");
}

#[message(type = "board")]
pub struct Board {
    lines: Vec<String>,
}

#[message(type = "add")]
pub struct Add {
    line: String,
}

#[message(type = "added")]
pub struct Added {
    line: String,
}

#[channel("/board/:name", room_state = Vec<String>, history(size = 100))]
pub struct Boards {
    name: String,
}

#[channel(sends(Board, Added))]
impl Boards {
    fn snapshot(&self, lines: &Vec<String>) -> Board {
        Board { lines: lines.clone() }
    }

    #[message]
    fn add(&self, add: Add, socket: &Socket<Self>) {
        socket.room().with(|lines, room| {
            lines.push(add.line.clone());
            room.send(Added { line: add.line });
        });
    }
}

/// An empty one is not told.
#[channel("/sketch/:name", room_state = Vec<String>, history(recent = 2))]
pub struct Sketches {
    name: String,
}

#[channel(sends(Board, Added))]
impl Sketches {
    fn snapshot(&self, lines: &Vec<String>) -> Option<Board> {
        (!lines.is_empty()).then(|| Board { lines: lines.clone() })
    }

    #[message]
    fn add(&self, add: Add, socket: &Socket<Self>) {
        if add.line.starts_with("none") {
            socket.room().send(Added { line: add.line });
            return;
        }
        socket.room().with(|lines, room| {
            lines.push(add.line.clone());
            room.send(Added { line: add.line });
        });
    }
}

/// All that a client knows of a board.
fn lines(frames: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for frame in frames {
        match frame["type"].as_str() {
            Some("board") => lines = serde_json::from_value(frame["lines"].clone()).unwrap(),
            _ => lines.push(frame["line"].as_str().unwrap().to_owned()),
        }
    }
    lines
}

#[tokio::test]
async fn a_snapshot_and_what_is_sent_after_it_are_all_there_is_whenever_a_client_enters() {
    const LINES: usize = 200;
    let server = Arc::new(start(channels![Boards].app(())).await);
    let writer = tokio::spawn({
        let server = Arc::clone(&server);
        async move {
            let mut writer = Client::connect(&server, "/board/a").await;
            assert_eq!(writer.next().await["type"], "board");
            for line in 0..LINES {
                writer.sends(&json!({ "type": "add", "line": line.to_string() })).await;
                writer.next().await;
            }
            writer
        }
    });
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut reader = Client::connect(&server, "/board/a").await;
        assert_eq!(reader.joined["fresh"], "first");
        let first = reader.next().await;
        assert_eq!(first["type"], "board");
        readers.push((reader, vec![first]));
        tokio::task::yield_now().await;
    }
    let _writer = within(writer).await.unwrap();
    let expected: Vec<String> = (0..LINES).map(|line| line.to_string()).collect();
    for (reader, frames) in &mut readers {
        while lines(frames).last().is_none_or(|line| *line != expected[LINES - 1]) {
            frames.push(reader.next().await);
        }
        assert_eq!(lines(frames), expected);
    }
    // Who resumes has the state: it is sent what it missed.
    let (reader, frames) = readers.pop().unwrap();
    let (at, _) = reader.position.rsplit_once(':').unwrap();
    let before_the_last = &frames[frames.len() - 2]["$seq"];
    let mut back = Client::connect(&server, &format!("/board/a?$resume={at}:{before_the_last}")).await;
    assert_eq!(back.joined["resumed"], 1);
    assert_eq!(back.next().await["line"], "199");
}

#[tokio::test]
async fn who_enters_while_there_is_no_state_to_tell_resumes_from_there() {
    let server = start(channels![Sketches].app(())).await;
    let mut ann = Client::connect(&server, "/sketch/a").await;
    assert_eq!(ann.joined["fresh"], "first");
    let mut bob = Client::connect(&server, &format!("/sketch/a?$resume={}", ann.position)).await;
    assert_eq!(bob.joined["resumed"], 0);
    // It is recorded, and no state.
    ann.sends(&json!({ "type": "add", "line": "none" })).await;
    assert_eq!((&ann.next().await["line"], &bob.next().await["line"]), (&json!("none"), &json!("none")));
    let mut late = Client::connect(&server, "/sketch/a").await;
    assert_eq!(late.joined["fresh"], "first");
    assert_eq!(late.next().await["line"], "none");
    ann.sends(&json!({ "type": "add", "line": "1" })).await;
    assert_eq!((&ann.next().await["line"], &late.next().await["line"]), (&json!("1"), &json!("1")));
    let mut back = Client::connect(&server, &format!("/sketch/a?$resume={}", bob.position)).await;
    assert_eq!(back.joined["resumed"], 2);
    assert_eq!((&back.next().await["line"], &back.next().await["line"]), (&json!("none"), &json!("1")));
    // A state stands for all messages.
    let mut new = Client::connect(&server, "/sketch/a").await;
    assert_eq!(new.next().await["lines"], json!(["1"]));
}

#[tokio::test]
async fn who_missed_too_much_while_there_is_no_state_to_tell_is_sent_the_newest_and_resumes_from_there() {
    let config = Config::default().outbox_bytes(64 * 1024);
    let server = start(channels![Sketches].app(()).config(config)).await;
    let mut writer = Client::connect(&server, "/sketch/a").await;
    let ann = Client::connect(&server, "/sketch/a").await;
    let mut numbers = Vec::new();
    for n in 0..10 {
        writer.sends(&json!({ "type": "add", "line": format!("none {n} {}", "x".repeat(10_000)) })).await;
        numbers.push(writer.next().await["$seq"].clone());
    }
    let mut back = Client::connect(&server, &format!("/sketch/a?$resume={}", ann.position)).await;
    assert_eq!((&back.joined["fresh"], &back.joined["seq"]), (&json!("too_far"), &numbers[7]));
    assert_eq!((&back.next().await["$seq"], &back.next().await["$seq"]), (&numbers[8], &numbers[9]));
    let at = back.joined["at"].as_str().unwrap();
    let mut again = Client::connect(&server, &format!("/sketch/a?$resume={at}:{}", numbers[9])).await;
    assert_eq!(again.joined["resumed"], 0);
    // No number was taken for a state that there is not.
    writer.sends(&json!({ "type": "add", "line": "none" })).await;
    let last = numbers[9].as_u64().unwrap();
    assert_eq!((&again.next().await["$seq"], &back.next().await["$seq"]), (&json!(last + 1), &json!(last + 1)));
}

#[tokio::test]
async fn who_is_lost_before_its_snapshot_is_told_it_when_it_comes_back_and_who_had_it_resumes() {
    let server = start(channels![Boards].app(())).await;
    let mut ann = Client::connect(&server, "/board/a").await;
    assert_eq!((&ann.joined["fresh"], &ann.joined["seq"]), (&json!("first"), &json!(0)));
    let (lost, at) = (ann.position.clone(), ann.joined["at"].as_str().unwrap().to_owned());
    let snapshot = ann.next().await;
    assert_eq!(snapshot["type"], "board");
    let mut back = Client::connect(&server, &format!("/board/a?$resume={lost}")).await;
    assert_eq!(back.joined["fresh"], "expired");
    assert_eq!(back.next().await["type"], "board");
    ann.sends(&json!({ "type": "add", "line": "1" })).await;
    assert_eq!(back.next().await["line"], "1");
    let mut back = Client::connect(&server, &format!("/board/a?$resume={at}:{}", snapshot["$seq"])).await;
    assert_eq!(back.joined["resumed"], 1);
    assert_eq!(back.next().await["line"], "1");
}

#[tokio::test]
async fn nothing_falls_between_a_page_and_its_connection() {
    let (app, hub, _tells) = app();
    let server = start(app).await;
    let room = hub.room(&Chat::room("a"));
    // Nobody is there.
    let position = room.position().await.unwrap();
    room.send(Said { text: "while the page is made".into() });
    let mut ann = Client::comes_back(&server, "ann", position.as_str()).await;
    assert_eq!((&ann.joined["seq"], &ann.joined["resumed"]), (&json!(0), &json!(1)));
    assert_eq!(ann.hears().await, heard(1, "while the page is made"));
    // From then on it has a session.
    ann.says_to("others", "its own").await;
    let mut bob = Client::comes_back(&server, "bob", position.as_str()).await;
    assert_eq!([bob.hears().await.1, bob.hears().await.1], ["while the page is made", "its own"]);
    let back = ann.position.clone();
    drop(ann);
    assert_eq!(Client::comes_back(&server, "ann", &back).await.joined["resumed"], 0);
}

/// What `on_connect` sends last, it sends when this has a permit.
pub struct Gate(Semaphore);

#[channel("/slow/:room", app = Gate, history)]
pub struct Slow {
    room: String,
}

#[channel(sends(Said))]
impl Slow {
    async fn on_connect(&mut self, socket: &Socket<Self>, gate: &Gate) {
        if socket.joined().fresh().is_some() {
            socket.send(Said { text: format!("the first of {}", self.room) });
            gate.0.acquire().await.expect("it is open").forget();
            socket.send(Said { text: "the rest".into() });
        }
    }
}

#[tokio::test]
async fn who_is_cut_while_on_connect_runs_begins_anew_and_is_told_all_of_it() {
    let channels = channels![Slow];
    let hub = channels.of::<Slow>();
    let gate = Arc::new(Gate(Semaphore::new(0)));
    let server = start(channels.app_arc(Arc::clone(&gate))).await;
    let page = heard(0, "the first of a");
    let mut ann = Client::connect(&server, "/slow/a").await;
    assert_eq!(ann.hears().await, page);
    let path = |position: &str| format!("/slow/a?$resume={position}");
    // The server does not know yet that the first is cut.
    let mut back = Client::connect(&server, &path(&ann.position)).await;
    assert_eq!(back.joined["fresh"], "first");
    assert_eq!(back.hears().await, page);
    // It keeps the room open, which knows what sessions were in it.
    let room = hub.room(&Slow::room("a"));
    room.position().await.unwrap();
    let lost = back.position.clone();
    ann.raw.reset();
    back.raw.reset();
    let until = async |is_so: &dyn Fn() -> bool| {
        within(async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    until(&|| hub.all().send(Said { text: "anybody?".into() }).refused == 2).await;
    gate.0.add_permits(2);
    until(&|| room.is_empty()).await;
    let mut back = Client::connect(&server, &path(&lost)).await;
    assert_eq!(back.joined["fresh"], "first");
    assert_eq!(back.hears().await, page);
    gate.0.add_permits(1);
    assert_eq!(back.hears().await, heard(0, "the rest"));
    room.send(Said { text: "1".into() });
    assert_eq!(back.hears().await, heard(1, "1"));
    let (at, _) = back.position.rsplit_once(':').unwrap();
    let had_all = Client::connect(&server, &path(&format!("{at}:0"))).await;
    assert_eq!(had_all.joined["resumed"], 1);
}

/// A client of the model. It drops doubles, and remembers how far it has come.
struct Flapping {
    name: String,
    client: Option<Client>,
    position: String,
    had: Vec<u64>,
    resumed: usize,
}

impl Flapping {
    /// Up to which number it has everything. Of a new one, everything.
    fn seen(&self) -> u64 {
        self.position.rsplit_once(':').map_or(u64::MAX, |(_, number)| number.parse().expect("a number"))
    }

    /// Its connection is cut after so many frames of what it is sent, wherever in a frame.
    async fn flap(&mut self, server: &Running, dice: &mut fastrand::Rng) {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => {
                let client = if self.position.is_empty() {
                    Client::comes(server, &self.name).await
                } else {
                    Client::comes_back(server, &self.name, &self.position).await
                };
                if client.joined["resumed"].is_null() {
                    assert!(self.had.is_empty(), "{}", client.joined);
                } else {
                    self.resumed += 1;
                }
                client
            }
        };
        for _ in 0..dice.usize(..4) {
            if client.raw.has_heard_nothing() {
                break;
            }
            self.had.push(client.hears().await.0);
        }
        self.position = client.position.clone();
        tokio::task::yield_now().await;
        if dice.bool() {
            // Whatever is under way to it is lost.
            drop(client);
        } else {
            self.client = Some(client);
        }
    }
}

#[tokio::test]
async fn whoever_is_cut_again_and_again_hears_everything_once_and_in_order() {
    const FLAPS: usize = 3000;
    let (told, _tells) = unbounded_channel();
    let channels = channels![Chat];
    let hub = channels.of::<Chat>();
    let server = start(channels.app(told)).await;
    let room = hub.room(&Chat::room("a"));
    let mut dice = fastrand::Rng::with_seed(18);
    let mut clients: Vec<Flapping> = (0..10)
        .map(|at| Flapping {
            name: format!("c{at}"),
            client: None,
            position: String::new(),
            had: Vec::new(),
            resumed: 0,
        })
        .collect();
    let mut said_so_far = 0_u64;
    for _ in 0..FLAPS {
        let at = dice.usize(..clients.len());
        clients[at].flap(&server, &mut dice).await;
        if clients.iter().all(|client| said_so_far.saturating_sub(client.seen()) < 5) {
            said_so_far += 1;
            room.send(Said { text: said_so_far.to_string() });
        }
    }
    assert!(said_so_far > 50, "{said_so_far}");
    for client in &mut clients {
        while client.seen() < said_so_far {
            client.flap(&server, &mut dice).await;
        }
        let first = client.had[0];
        let expected: Vec<u64> = (first..=said_so_far).collect();
        assert!(client.had == expected && client.resumed > 3, "{}: {:?}", client.name, client.resumed);
    }
}
