//! Sessions as clients heard them before there were knowing clients, to the byte: whoever does not offer `channels.hello` hears the
//! same today. In rooms with a history, what is sent to a room has its `$seq` in front, and that is the only difference.
//!
//! `tests/recorded/*.txt` was written by the server of commit 934ce44, the last before that offer (8f28ae7). This file, but for the
//! rooms with a history (the modules `kept` and `with_history`, and what is `Kept` in the enums), was run there with `tests/support` of
//! that commit: each test passes against the files as they are here, and `CHANNELS_RECORD=1`, which writes them anew, changes none. Do the
//! same after a change of this file; a change that all are meant to hear is written by the code of today. Times and names that differ
//! from one run to the next are masked.

mod support;

use std::fmt::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use channel_runtime::envelope::{JsonRpc, Phoenix};
use channel_runtime::http::StatusCode;
use channel_runtime::{
    CloseCode, Config, Extract, Fault, Handshake, Hub, Rate, Reject, Room, Socket, Text, Token, channel, channels,
    message,
};
use serde_json::{Value, json};
use support::memory::{Served, serve};
use support::{Raw, close, masked, text, upgrade};

#[message(type = "welcome")]
pub struct Welcome {
    number: u32,
    name: String,
}

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[message(type = "flood")]
pub struct Flood {
    count: usize,
}

#[message(type = "leave")]
pub struct Leave {
    code: u16,
}

pub struct Corner(&'static str);

impl fmt::Display for Corner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Who the query says that it is, until when, and whether it may come in.
pub struct Guest {
    name: String,
    expires_at: Option<SystemTime>,
}

impl<A: Sync> Extract<A> for Guest {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("name").unwrap_or_default();
        match name.as_str() {
            "mallory" => return Err(Reject::forbidden("not you")),
            "often" => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                return Err(Reject::new(status, "not so often").retry_after(Duration::from_millis(2500)));
            }
            _ => {}
        }
        let seconds = handshake.query_param("seconds").and_then(|seconds| seconds.parse().ok());
        Ok(Self { name, expires_at: seconds.map(|seconds| SystemTime::now() + Duration::from_secs(seconds)) })
    }
}

/// One channel, with the arguments of its struct.
macro_rules! desk {
    ($($argument:tt)*) => {
        #[channel("/desk/:number", $($argument)*)]
        pub struct Desk {
            number: u32,
            #[extract]
            guest: Guest,
        }

        #[channel(sends(Welcome, Said, Bytes))]
        impl Desk {
            fn identity(&self) -> &String {
                &self.guest.name
            }

            fn expires_at(&self) -> Option<SystemTime> {
                self.guest.expires_at
            }

            fn on_refresh(&mut self, token: Token) -> Result<(), Fault> {
                match token.expose() {
                    "again" => Ok(()),
                    _ => Err(Fault::new(Fault::UNAUTHORIZED, "not that token")),
                }
            }

            fn on_connect(&self) -> Welcome {
                Welcome { number: self.number, name: self.guest.name.clone() }
            }

            #[message]
            fn say(&self, say: Say) -> Said {
                Said { text: say.text }
            }

            #[message(type = "nothing")]
            fn nothing(&self) {}

            #[message(type = "fails")]
            fn fails(&self) -> Result<(), Fault> {
                Err(Fault::new("desk.closed", "the desk is closed").with_details(json!({ "until": 9 })))
            }

            #[message(type = "panics")]
            fn panics(&self) {
                panic!("a handler panics");
            }

            #[message(type = "hangs", timeout = "1s")]
            async fn hangs(&self) {
                std::future::pending().await
            }

            #[message(type = "never")]
            async fn never(&self) {
                std::future::pending().await
            }

            #[message(type = "all")]
            fn all(&self, socket: &Socket<Self>) {
                assert!(socket.join(&Corner("north")));
                socket.room().send(Said { text: "to the desk".into() });
                socket.room_of(&Corner("north")).send(Said { text: "to the corner".into() });
            }

            #[message(type = "rated", rate = "1/s", burst = 1)]
            fn rated(&self) {}

            #[message]
            fn flood(&self, flood: Flood, socket: &Socket<Self>) {
                for _ in 0..flood.count {
                    socket.send(Said { text: "x".repeat(90) });
                }
            }

            #[message]
            fn leave(&self, leave: Leave, socket: &Socket<Self>) {
                socket.send(Said { text: "goodbye".into() });
                socket.close(CloseCode::new(leave.code).unwrap(), "as you wish");
            }

            fn on_binary(&self, data: Bytes, socket: &Socket<Self>) {
                socket.send_bytes(data);
            }

            fn on_pong(&self, data: Bytes, socket: &Socket<Self>) {
                socket.send(Said { text: format!("a pong of {} bytes", data.len()) });
            }
        }
    };
}

mod plain {
    use super::*;

    desk!(rooms(Corner));
}

mod kept {
    use super::*;

    desk!(history, rooms(Corner(history)));
}

/// What the rooms of a session are like.
#[derive(Clone, Copy, PartialEq)]
enum Rooms {
    Plain,
    Kept,
}

enum Desks {
    Plain(Hub<plain::Desk>),
    Kept(Hub<kept::Desk>),
}

impl Desks {
    fn disconnect(&self, user: &str, code: CloseCode, reason: &str) -> usize {
        match self {
            Self::Plain(hub) => hub.user(user).disconnect(code, reason),
            Self::Kept(hub) => hub.user(user).disconnect(code, reason),
        }
    }
}

/// Says nothing before it is asked.
#[channel("/quiet")]
pub struct Quiet;

#[channel(sends(Said))]
impl Quiet {
    #[message]
    fn say(&self, say: Say) -> Said {
        Said { text: say.text }
    }
}

/// A room that can't be opened.
#[channel("/vault/:number", room_state = u32)]
pub struct Vault {
    #[allow(dead_code, reason = "names the room")]
    number: u32,
}

#[channel]
impl Vault {
    async fn on_room_open(room: &Room<Self>) -> Result<u32, Fault> {
        match room.path() {
            Some("/vault/1") => Err(Fault::new(Fault::UNAVAILABLE, "not yet")),
            Some("/vault/2") => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(Reject::new(status, "later").retry_after(Duration::from_secs(3)).into())
            }
            Some("/vault/3") => Err(Fault::new(Fault::NOT_FOUND, "no such vault")),
            Some("/vault/4") => panic!("a vault panics"),
            _ => std::future::pending().await,
        }
    }
}

#[channel("/rpc")]
pub struct Rpc;

#[channel(sends(Said), envelope = JsonRpc)]
impl Rpc {
    #[message]
    fn say(&self, say: Say) -> Said {
        Said { text: say.text }
    }
}

#[channel("/phoenix/:_id")]
pub struct Topics {
    _id: u32,
}

#[channel(sends(Said), envelope = Phoenix)]
impl Topics {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }
}

#[channel("/plain")]
pub struct Plain;

#[channel(sends(Text))]
impl Plain {
    fn on_text(&self, text: Text) -> Text {
        text
    }
}

/// What one scenario's clients say and hear, a line each.
struct Recording {
    name: &'static str,
    lines: String,
    /// Its clients offer `channels.hello`: what only they hear today is left out.
    is_knowing: bool,
    rooms: Rooms,
}

impl Recording {
    fn of(name: &'static str) -> Self {
        Self { name, lines: String::new(), is_knowing: false, rooms: Rooms::Plain }
    }

    fn of_knowing_clients(name: &'static str) -> Self {
        Self { is_knowing: true, ..Self::of(name) }
    }

    fn in_rooms(self, rooms: Rooms) -> Self {
        Self { rooms, ..self }
    }

    /// A client's handshake, with these headers beside the usual ones, and its answer.
    async fn opens(&mut self, served: &Served, path: &str, headers: &[&str]) -> Raw {
        let mut raw = Raw::in_memory(served.connect(64 * 1024).0);
        let added: String = headers.iter().map(|header| format!("\r\n{header}")).collect();
        let response = raw.request(&upgrade(path).replacen("\r\n", &format!("{added}\r\n"), 1)).await;
        writeln!(self.lines, "> GET {path} {headers:?}\n< {response:?}").unwrap();
        raw
    }

    async fn says(&mut self, raw: &mut Raw, said: &str) {
        writeln!(self.lines, "> {said}").unwrap();
        raw.write(text(said)).await;
    }

    async fn writes(&mut self, raw: &mut Raw, frame: &[u8]) {
        writeln!(self.lines, "> {}", frame.escape_ascii()).unwrap();
        raw.write(frame).await;
    }

    /// The next so many frames.
    async fn hears(&mut self, raw: &mut Raw, count: usize) {
        for _ in 0..count {
            self.hears_one(raw).await;
        }
    }

    /// All that comes until the server has ended the stream.
    async fn hears_the_end(&mut self, raw: &mut Raw) {
        while self.hears_one(raw).await {}
    }

    /// By frames if the handshake has succeeded; else its answer was all.
    async fn hears_a_refusal(&mut self, mut raw: Raw) {
        if self.lines.lines().next_back().is_some_and(|answer| answer.contains("status: 101")) {
            self.hears_the_end(&mut raw).await;
        }
    }

    async fn hears_one(&mut self, raw: &mut Raw) -> bool {
        let mut next = raw.frame().await;
        while self.is_knowing && next.as_ref().is_some_and(|frame| frame.payload.starts_with(br#"{"type":"$"#)) {
            next = raw.frame().await;
        }
        let Some(frame) = next else {
            self.lines.push_str("< the end\n");
            return false;
        };
        if let (0x88, [high, low, reason @ ..]) = (frame.first, &frame.payload[..]) {
            let code = u16::from_be_bytes([*high, *low]);
            writeln!(self.lines, "< 88 {code} {}", reason.escape_ascii()).unwrap();
            return true;
        }
        let payload = match std::str::from_utf8(&frame.payload) {
            Ok(text) if !text.contains(char::is_control) => text.to_owned(),
            _ => frame.payload.escape_ascii().to_string(),
        };
        let payload = if self.is_knowing { without_window(payload) } else { payload };
        writeln!(self.lines, "< {:02x} {payload}", frame.first).unwrap();
        true
    }

    fn ends_as_recorded(self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recorded/{}.txt", self.name));
        let (unnumbered, numbers) = without_numbers(&self.lines);
        // To a room, and so with a number: what is to the desk, for each of its two members, and what is to the corner.
        let to_rooms = self.lines.lines().filter(|line| line.contains(r#""text":"to the "#)).count();
        assert_eq!(numbers, if self.rooms == Rooms::Kept { to_rooms } else { 0 }, "{}", self.lines);
        let heard = without_names(&unnumbered);
        if self.rooms == Rooms::Plain && std::env::var_os("CHANNELS_RECORD").is_some() {
            std::fs::write(&path, &heard).unwrap();
        }
        let recorded = std::fs::read_to_string(&path).expect("a recording");
        assert_eq!(heard, recorded.replace('\r', ""), "{}", self.name);
    }
}

/// The lines without `"$seq":N,` in front of a message, and how many had one.
fn without_numbers(lines: &str) -> (String, usize) {
    let mut numbers = 0;
    let unnumbered = lines.lines().map(|line| {
        let numbered = line.strip_prefix(r#"< 81 {"$seq":"#).and_then(|behind| behind.split_once(','));
        match numbered {
            Some((number, rest)) if number.parse::<u64>().is_ok() => {
                numbers += 1;
                format!("< 81 {{{rest}\n")
            }
            _ => format!("{line}\n"),
        }
    });
    (unnumbered.collect(), numbers)
}

/// A refusal as it was before it said within how long to come back.
fn without_window(payload: String) -> String {
    match payload.split_once(r#","retry_window_ms":"#) {
        Some((before, behind)) => format!("{before}{}", behind.trim_start_matches(|each: char| each.is_ascii_digit())),
        None => payload,
    }
}

/// Masks times (`2026-03-01T12:00:00.123456789Z`, and those of HTTP), and whatever is named by 16 hexadecimal digits.
fn without_names(lines: &str) -> String {
    let mut masked = String::new();
    for line in lines.lines() {
        let line = match line.split_once("(\"date\", \"") {
            Some((before, behind)) => format!("{before}(\"date\", \"<date>{}", &behind[behind.find('"').unwrap()..]),
            None => line.to_owned(),
        };
        let mut rest = line.as_str();
        while let Some(first) = rest.chars().next() {
            let digits = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
            if rest.get(..30).is_some_and(is_timestamp) {
                masked.push_str("<time>");
                rest = &rest[30..];
            } else if digits == 16 {
                masked.push_str("<id>");
                rest = &rest[16..];
            } else {
                let taken = digits.max(first.len_utf8());
                masked.push_str(&rest[..taken]);
                rest = &rest[taken..];
            }
        }
        masked.push('\n');
    }
    masked
}

fn is_timestamp(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000000000Z";
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| if form == b'0' { byte.is_ascii_digit() } else { byte == form })
}

const OURS: &str = "Sec-WebSocket-Protocol: channels.1.json";
const KNOWING: &str = "Sec-WebSocket-Protocol: channels.1.json, channels.hello.0123456789abcdef";

fn config() -> Config {
    Config::default().ping_interval(None).idle_timeout(None)
}

fn desks(rooms: Rooms, config: Config) -> (Served, Desks) {
    match rooms {
        Rooms::Plain => {
            let channels = channels![plain::Desk];
            let hub = channels.of::<plain::Desk>();
            (serve(channels.app(()).config(config)), Desks::Plain(hub))
        }
        Rooms::Kept => {
            let channels = channels![kept::Desk];
            let hub = channels.of::<kept::Desk>();
            (serve(channels.app(()).config(config)), Desks::Kept(hub))
        }
    }
}

macro_rules! sessions {
    ($($session:ident,)*) => {
        mod without_history {
            $(#[tokio::test(start_paused = true)]
            async fn $session() {
                super::$session(super::Rooms::Plain).await;
            })*
        }

        mod with_history {
            $(#[tokio::test(start_paused = true)]
            async fn $session() {
                super::$session(super::Rooms::Kept).await;
            })*
        }
    };
}

sessions!(
    messages_and_their_answers,
    frames_of_the_framework_s_from_a_client,
    bytes_and_control_frames,
    rooms_and_closes_of_the_application_s,
    silence,
    too_much,
    refusals,
    a_drain,
    authority_that_ends,
    a_client_of_today_s_at_an_old_server,
);

async fn messages_and_their_answers(rooms: Rooms) {
    let (served, _) = desks(rooms, config());
    for (name, headers) in [
        ("answers", &[][..]),
        ("answers_with_our_subprotocol", &[OURS]),
        ("answers_with_a_token", &["Sec-WebSocket-Protocol: channels.token.abc, channels.1.json"]),
    ] {
        let mut recording = Recording::of(name).in_rooms(rooms);
        let mut raw = recording.opens(&served, "/desk/7?name=ann", headers).await;
        recording.hears(&mut raw, 1).await;
        for said in [
            r#"{"type":"say","text":"hello"}"#,
            r#"{"type":"say","text":"hello","ref":1}"#,
            r#"{"ref":"a","text":"h\u00e4llo","type":"say","$extra":[1]}"#,
            r#"{"type":"nothing","ref":2}"#,
            r#"{"type":"fails","ref":3}"#,
            r#"{"type":"fails"}"#,
            r#"{"type":"hangs","ref":4}"#,
            r#"{"type":"never heard of","ref":5}"#,
            r#"{"type":"say","ref":6}"#,
            r#"{"type":"say","text":7,"ref":7}"#,
            r#"{"text":"untyped","ref":8}"#,
            r#"{"type":"say","text":"twice","ref":9,"ref":10}"#,
            r#"{"type":"say","text":"hello","ref":{}}"#,
            "not JSON at all",
            "[]",
            "",
        ] {
            recording.says(&mut raw, said).await;
            recording.hears(&mut raw, 1).await;
        }
        recording.says(&mut raw, r#"{"type":"panics","ref":11}"#).await;
        recording.hears_the_end(&mut raw).await;
        recording.ends_as_recorded();
    }
}

/// Types that begin with `$` mean nothing to a server whose client did not say that it knows them.
async fn frames_of_the_framework_s_from_a_client(rooms: Rooms) {
    let (served, _) = desks(rooms, config());
    let mut recording = Recording::of("framework_types").in_rooms(rooms);
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut raw, 1).await;
    for said in [
        r#"{"type":"$ping"}"#,
        r#"{"type":"$ping","ref":0}"#,
        r#"{"type":"$ping","ref":1}"#,
        r#"{"ref":"a","type":"\u0024ping"}"#,
        r#"{"type":"$ping","ref":{}}"#,
        r#"{"type":"$pong","ref":2}"#,
        r#"{"type":"$hello","ref":3}"#,
        r#"{"type":"$joined","ref":4}"#,
        r#"{"type":"$closing","ref":5}"#,
        r#"{"type":"$auth","token":"again","ref":6}"#,
        r#"{"type":"$auth","token":"never","ref":7}"#,
        r#"{"type":"$auth","ref":8}"#,
    ] {
        recording.says(&mut raw, said).await;
        recording.hears(&mut raw, 1).await;
    }
    recording.writes(&mut raw, &close(1001, "the page is left")).await;
    recording.hears_the_end(&mut raw).await;
    recording.ends_as_recorded();
}

async fn bytes_and_control_frames(rooms: Rooms) {
    let (served, _) = desks(rooms, config());
    let mut recording = Recording::of("bytes").in_rooms(rooms);
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut raw, 1).await;
    for frame in [masked(0x82, b"\x00\xff"), masked(0x89, b"are you there?"), masked(0x89, b""), masked(0x8A, b"yes")] {
        recording.writes(&mut raw, &frame).await;
        recording.hears(&mut raw, 1).await;
    }
    recording.writes(&mut raw, &[0x81, 0x00]).await;
    recording.hears_the_end(&mut raw).await;
    let mut raw = recording.opens(&served, "/desk/7", &[]).await;
    recording.hears(&mut raw, 1).await;
    raw.write(text(&"x".repeat(70_000))).await;
    recording.hears_the_end(&mut raw).await;
    recording.ends_as_recorded();
}

async fn rooms_and_closes_of_the_application_s(rooms: Rooms) {
    let (served, hub) = desks(rooms, config());
    let mut recording = Recording::of("rooms").in_rooms(rooms);
    let mut ann = recording.opens(&served, "/desk/7?name=ann", &[OURS]).await;
    recording.hears(&mut ann, 1).await;
    let mut bob = recording.opens(&served, "/desk/7?name=bob", &[]).await;
    recording.hears(&mut bob, 1).await;
    recording.says(&mut ann, r#"{"type":"all","ref":1}"#).await;
    recording.hears(&mut ann, 3).await;
    recording.hears(&mut bob, 1).await;
    for (user, code) in [("ann", CloseCode::RESTART), ("bob", CloseCode::TRY_AGAIN)] {
        assert_eq!(hub.disconnect(user, code, "out"), 1);
    }
    recording.hears_the_end(&mut ann).await;
    recording.hears_the_end(&mut bob).await;
    for code in [1000, 1001, 1012, 1013, 4001] {
        let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
        recording.hears(&mut raw, 1).await;
        recording.says(&mut raw, &format!(r#"{{"type":"leave","code":{code}}}"#)).await;
        recording.hears_the_end(&mut raw).await;
    }
    recording.ends_as_recorded();
}

async fn silence(rooms: Rooms) {
    let mut recording = Recording::of("silence").in_rooms(rooms);
    let (served, _) = desks(rooms, config().idle_timeout(Duration::from_secs(20)));
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears_the_end(&mut raw).await;
    let seconds = Duration::from_secs;
    let (served, _) = desks(rooms, config().ping_interval(seconds(10)).pong_timeout(seconds(5)));
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut raw, 2).await;
    recording.writes(&mut raw, &masked(0x8A, b"")).await;
    recording.hears_the_end(&mut raw).await;
    recording.ends_as_recorded();
}

async fn too_much(rooms: Rooms) {
    let mut recording = Recording::of("too_much").in_rooms(rooms);
    let (served, _) = desks(rooms, config().message_rate(Rate::new(1, Duration::from_secs(1)).burst(4)));
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut raw, 1).await;
    let mut many = Vec::new();
    for number in 0..40 {
        many.extend(text(&format!(r#"{{"type":"nothing","ref":{number}}}"#)));
    }
    recording.writes(&mut raw, &many).await;
    recording.hears_the_end(&mut raw).await;
    let (served, _) = desks(rooms, config().outbox_bytes(1000));
    let mut raw = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut raw, 1).await;
    for said in [r#"{"type":"rated","ref":1}"#, r#"{"type":"rated","ref":2}"#, r#"{"type":"rated"}"#] {
        recording.says(&mut raw, said).await;
    }
    recording.hears(&mut raw, 3).await;
    recording.says(&mut raw, r#"{"type":"flood","count":100,"ref":4}"#).await;
    recording.hears_the_end(&mut raw).await;
    recording.ends_as_recorded();
}

async fn refusals(rooms: Rooms) {
    let mut recording = Recording::of("refusals").in_rooms(rooms);
    let (served, _) = desks(rooms, config().connections(1));
    for headers in [&[OURS][..], &[], &["Sec-WebSocket-Protocol: channels.token.abc"]] {
        for path in ["/desk/7?name=mallory", "/desk/7?name=often", "/desk/seven"] {
            let raw = recording.opens(&served, path, headers).await;
            recording.hears_a_refusal(raw).await;
        }
    }
    let mut first = recording.opens(&served, "/desk/7", &[]).await;
    recording.hears(&mut first, 1).await;
    for headers in [&[OURS][..], &[]] {
        let raw = recording.opens(&served, "/desk/7", headers).await;
        recording.hears_a_refusal(raw).await;
    }
    recording.ends_as_recorded();
}

#[tokio::test(start_paused = true)]
async fn rooms_that_do_not_open() {
    let mut recording = Recording::of("rooms_that_do_not_open");
    let served = serve(channels![Vault].app(()).config(config().handler_timeout(Duration::from_secs(7))));
    for number in 1..=5 {
        let mut raw = recording.opens(&served, &format!("/vault/{number}"), &[OURS]).await;
        recording.hears_the_end(&mut raw).await;
    }
    let mut raw = recording.opens(&served, "/vault/6", &[OURS]).await;
    let stops = tokio::spawn(served.stops());
    recording.hears_the_end(&mut raw).await;
    stops.await.unwrap();
    recording.ends_as_recorded();
}

async fn a_drain(rooms: Rooms) {
    let mut recording = Recording::of("drain").in_rooms(rooms);
    let (served, _) = desks(rooms, config());
    let mut idle = recording.opens(&served, "/desk/7", &[OURS]).await;
    recording.hears(&mut idle, 1).await;
    let mut busy = recording.opens(&served, "/desk/7", &[]).await;
    recording.hears(&mut busy, 1).await;
    recording.says(&mut busy, r#"{"type":"hangs","ref":1}"#).await;
    let mut stuck = recording.opens(&served, "/desk/7", &[]).await;
    recording.hears(&mut stuck, 1).await;
    recording.says(&mut stuck, r#"{"type":"never","ref":1}"#).await;
    let stops = tokio::spawn(served.stops());
    for raw in [&mut idle, &mut busy, &mut stuck] {
        recording.hears_the_end(raw).await;
    }
    stops.await.unwrap();
    recording.ends_as_recorded();
}

async fn authority_that_ends(rooms: Rooms) {
    let mut recording = Recording::of("authority").in_rooms(rooms);
    let (served, _) = desks(rooms, config().auth_warning(Duration::from_secs(1)));
    let mut raw = recording.opens(&served, "/desk/7?seconds=30", &[OURS]).await;
    recording.hears_the_end(&mut raw).await;
    recording.ends_as_recorded();
}

#[tokio::test(start_paused = true)]
async fn other_envelopes_and_plain_text() {
    let mut recording = Recording::of("other_envelopes");
    let served = serve(channels![Rpc, Topics, Plain].app(()).config(config()));
    let mut raw = recording.opens(&served, "/rpc", &[OURS]).await;
    for said in [
        r#"{"jsonrpc":"2.0","method":"say","params":{"text":"hello"},"id":1}"#,
        r#"{"jsonrpc":"2.0","method":"$ping","id":2}"#,
        r#"{"type":"$ping","ref":3}"#,
    ] {
        recording.says(&mut raw, said).await;
        recording.hears(&mut raw, 1).await;
    }
    let mut topic = recording.opens(&served, "/phoenix/7", &["Sec-WebSocket-Protocol: phoenix"]).await;
    for said in [r#"["1","1","phoenix:7","phx_join",{}]"#, r#"["1","2","phoenix:7","say",{"text":"hello"}]"#] {
        recording.says(&mut topic, said).await;
        recording.hears(&mut topic, 1).await;
    }
    let mut plain = recording.opens(&served, "/plain", &[OURS]).await;
    recording.says(&mut plain, r#"{"type":"$ping","ref":3}"#).await;
    recording.hears(&mut plain, 1).await;
    let stops = tokio::spawn(served.stops());
    for raw in [&mut raw, &mut topic, &mut plain] {
        recording.hears_the_end(raw).await;
    }
    stops.await.unwrap();
    recording.ends_as_recorded();
}

async fn a_client_of_today_s_at_an_old_server(rooms: Rooms) {
    let mut recording = Recording::of_knowing_clients("old_server").in_rooms(rooms);
    let (served, _) = desks(rooms, config());
    let mut raw = recording.opens(&served, "/desk/7", &[KNOWING]).await;
    recording.hears(&mut raw, 1).await;
    for said in [
        r#"{"type":"say","text":"hello","ref":1}"#,
        r#"{"type":"nothing","ref":2}"#,
        r#"{"type":"fails","ref":3}"#,
        r#"{"type":"fails"}"#,
        r#"{"type":"never heard of","ref":4}"#,
        r#"{"type":"hangs","ref":5}"#,
    ] {
        recording.says(&mut raw, said).await;
        recording.hears(&mut raw, 1).await;
    }
    recording.says(&mut raw, r#"{"type":"panics","ref":6}"#).await;
    recording.hears_the_end(&mut raw).await;
    let mut raw = recording.opens(&served, "/desk/7", &[KNOWING]).await;
    recording.hears(&mut raw, 1).await;
    recording.says(&mut raw, r#"{"type":"leave","code":1012}"#).await;
    recording.hears_the_end(&mut raw).await;
    let (full, _) = desks(rooms, config().connections(1));
    let mut inside = Raw::in_memory(full.connect(64 * 1024).0);
    inside.upgrade("/desk/7").await;
    let mut raw = recording.opens(&full, "/desk/7", &[KNOWING]).await;
    recording.hears_the_end(&mut raw).await;
    let mut raw = recording.opens(&served, "/desk/7", &[KNOWING]).await;
    recording.hears(&mut raw, 1).await;
    let stops = tokio::spawn(served.stops());
    recording.hears_the_end(&mut raw).await;
    stops.await.unwrap();
    recording.ends_as_recorded();
}

#[tokio::test(start_paused = true)]
async fn a_client_of_today_s_at_an_old_server_that_is_quiet() {
    let mut recording = Recording::of_knowing_clients("old_server_quiet");
    let served = serve(channels![Quiet].app(()).config(config()));
    let mut raw = recording.opens(&served, "/quiet", &[KNOWING]).await;
    recording.says(&mut raw, r#"{"type":"say","text":"hello","ref":1}"#).await;
    recording.hears(&mut raw, 1).await;
    let stops = tokio::spawn(served.stops());
    recording.hears_the_end(&mut raw).await;
    stops.await.unwrap();
    recording.ends_as_recorded();
}

/// What a step of a script is in a recording, without its `>` or `<`.
fn recorded(step: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if let Some(dial) = step.get("dial") {
        let offers: Vec<_> = dial["offers"].as_array().unwrap().iter().map(text).collect();
        return Some(format!("GET {} [\"Sec-WebSocket-Protocol: {}\"]", text(&dial["path"]), offers.join(", ")));
    }
    if step.get("accept").is_some() {
        return Some("101".into());
    }
    if let Some(frame) = step.get("frame") {
        return Some(frame.to_string());
    }
    if let Some(said) = step.get("say_text") {
        return Some(format!("81 {}", text(said)));
    }
    let end = step.get("end")?;
    Some(format!("88 {end} {}", text(&step["reason"])))
}

/// The same of a line that was recorded. The keys of a frame that a client writes have no order, and its end follows its Close.
fn in_a_script(line: &str) -> Option<String> {
    match line.split_once(' ').unwrap() {
        (">", frame) if frame.starts_with('{') => Some(serde_json::from_str::<Value>(frame).unwrap().to_string()),
        ("<", "the end") => None,
        ("<", response) if response.starts_with("Response { status: 101,") => Some("101".into()),
        (_, other) => Some(other.into()),
    }
}

/// Both clients run these scripts. Each frame in them is as the server before the offer wrote it, and as it was asked.
#[test]
fn the_scripts_of_an_old_server_say_what_was_recorded_and_nothing_else() {
    let read = |path: String| std::fs::read_to_string(path).unwrap().replace('\r', "");
    let steps = |name: &str| -> Vec<Value> {
        let script: Value = serde_json::from_str(&read(format!("tests/vectors/scripts/{name}.json"))).unwrap();
        script["steps"].as_array().unwrap().clone()
    };
    for name in ["old_server", "old_server_quiet"] {
        let played: Vec<_> = steps(&format!("{name}_recorded")).iter().filter_map(recorded).collect();
        let heard = read(format!("tests/recorded/{name}.txt"));
        let heard: Vec<_> = heard.lines().filter_map(in_a_script).collect();
        let played: Vec<_> = without_names(&played.join("\n")).lines().map(str::to_owned).collect();
        assert_eq!(played, heard, "{name}");
    }
    let answer = steps("silence_old_server").iter().find(|step| step.get("say_text").is_some()).and_then(recorded);
    let probe = format!("> {}\n< {}", r#"{"type":"$ping","ref":0}"#, without_names(&answer.unwrap()));
    assert!(read("tests/recorded/framework_types.txt".into()).contains(&probe), "{probe}");
}
