//! The framework's own frames, as clients hear them who offer `channels.hello`: over TCP, byte by byte.

mod support;

use std::time::Duration;

use channel_runtime::http::StatusCode;
use channel_runtime::testing::{self, Client};
use channel_runtime::{
    CloseCode, ClosedBy, Config, DecodeError, Extract, Fault, Handshake, Rate, Reject, Room, Socket, channel, channels,
    message,
};
use serde_json::{Value, json};
use support::wire::{Fixture, bare, close_me, echo, greeted};
use support::{Frame, Raw, Running, masked, start, text, upgrade, within};

/// What a client's handshake offers, in one line of the header.
fn offering(path: &str, offers: &str) -> String {
    upgrade(path).replacen("\r\n", &format!("\r\nSec-WebSocket-Protocol: {offers}\r\n"), 1)
}

const KNOWING: &str = "channels.1.json, channels.hello";

/// A knowing client whose handshake has succeeded.
async fn knowing(server: &Running, path: &str) -> Raw {
    let mut raw = server.connect().await;
    let response = raw.request(&offering(path, KNOWING)).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("channels.1.json")));
    raw
}

/// A knowing client that has heard `$hello`, `$joined` and its greeting.
async fn greeted_knowing(fixture: &Fixture, room: &str) -> Raw {
    let mut raw = knowing(&fixture.server, &format!("/wire/{room}")).await;
    assert_eq!(json(&mut raw).await["type"], "$hello");
    assert_eq!(json(&mut raw).await["type"], "$joined");
    greeted(&mut raw).await;
    raw
}

fn closing(retry_after_ms: u64, retry_window_ms: u64) -> Frame {
    Frame::text(&format!(
        r#"{{"type":"$closing","retry_after_ms":{retry_after_ms},"retry_window_ms":{retry_window_ms}}}"#
    ))
}

fn ping(reference: &str) -> Vec<u8> {
    text(&format!(r#"{{"type":"$ping","ref":{reference}}}"#))
}

fn pong(reference: &str) -> Frame {
    Frame::text(&format!(r#"{{"type":"$pong","ref":{reference}}}"#))
}

async fn json(raw: &mut Raw) -> Value {
    let frame = raw.frame().await.expect("a text");
    assert_eq!(frame.first, 0x81);
    serde_json::from_slice(&frame.payload).unwrap()
}

/// Says what it knows of its client's handshake.
#[channel("/offers")]
pub struct Offers {
    #[extract]
    handshake: Handshake,
}

#[message(type = "offered")]
pub struct Offered {
    names: Vec<String>,
    agreed: Option<String>,
}

#[channel(sends(Offered))]
impl Offers {
    fn on_connect(&self, socket: &Socket<Self>) {
        let names = self.handshake.subprotocols().map(Into::into).collect();
        socket.send(Offered { names, agreed: self.handshake.subprotocol().map(Into::into) });
    }
}

#[tokio::test]
async fn a_knowing_client_hears_hello_and_joined_before_all_else() {
    let config = Config::default().ping_interval(Duration::from_millis(1500)).message_bytes(1000);
    let fixture = Fixture::with(config).await;
    let mut raw = knowing(&fixture.server, "/wire/a").await;
    raw.expect(Frame::text(r#"{"type":"$hello","v":1,"ping_ms":1500,"max_bytes":1000}"#)).await;
    let joined = json(&mut raw).await;
    let id = greeted(&mut raw).await;
    assert_eq!(joined, json!({ "type": "$joined", "id": id.to_string() }));
    let silent = Fixture::with(Config::default().ping_interval(None)).await;
    let mut raw = knowing(&silent.server, "/wire/a").await;
    raw.expect(Frame::text(r#"{"type":"$hello","v":1,"max_bytes":65536}"#)).await;
}

#[tokio::test]
async fn both_are_there_while_on_connect_waits() {
    let mut fixture = Fixture::new().await;
    let mut raw = knowing(&fixture.server, "/wire/slow_to_connect").await;
    fixture.expect_told("on_connect waits").await;
    assert_eq!(json(&mut raw).await["type"], "$hello");
    assert_eq!(json(&mut raw).await["type"], "$joined");
    fixture.open_gate();
    greeted(&mut raw).await;
}

#[tokio::test]
async fn the_offer_is_never_named_nor_listed() {
    let server = start(channels![Offers].app(())).await;
    for (offers, agreed, names, knows) in [
        (KNOWING, Some("channels.1.json"), &["channels.1.json"][..], true),
        ("channels.hello, channels.1.json", Some("channels.1.json"), &["channels.1.json"], true),
        (
            "channels.hello.330bf7dbdce97a1b, channels.1.json, chat",
            Some("channels.1.json"),
            &["channels.1.json", "chat"],
            true,
        ),
        ("chat, channels.hello", None, &["chat"], false),
        ("chat, channels.hello.xyz", None, &["chat"], false),
        ("channels.1.json, channels.hellos", Some("channels.1.json"), &["channels.1.json", "channels.hellos"], false),
    ] {
        let mut raw = server.connect().await;
        let response = raw.request(&offering("/offers", offers)).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, agreed), "{offers}");
        if knows {
            assert_eq!(json(&mut raw).await["type"], "$hello", "{offers}");
            assert_eq!(json(&mut raw).await["type"], "$joined", "{offers}");
        }
        assert_eq!(json(&mut raw).await, json!({ "type": "offered", "names": names, "agreed": agreed }), "{offers}");
    }
}

#[tokio::test]
async fn an_offer_that_can_not_count_is_refused_in_words() {
    let server = start(channels![Offers].app(())).await;
    for offers in ["channels.hello", "channels.hello.330bf7dbdce97a1b, channels.token.abc", "channels.hello.xyz"] {
        let response = server.connect().await.request(&offering("/offers", offers)).await;
        let said = "offer the subprotocol `channels.1.json` beside `channels.hello`";
        assert_eq!((response.status, response.body.as_str()), (400, said), "{offers}");
    }
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering("/offers", "channels.1.json, channels.hello.xyz")).await.status, 101);
    let said = "the fingerprint of an offer `channels.hello.<fingerprint>` is 16 hexadecimal digits, in lower case";
    let mut error = json(&mut raw).await;
    error.as_object_mut().unwrap().remove("timestamp");
    let told = json!({ "type": "error", "code": "refused", "message": said, "details": { "status": 400 } });
    assert_eq!(error, told);
    raw.expect_close(4400, said).await;
}

#[tokio::test]
async fn a_silent_client_is_pinged_by_both_kinds_in_one_write() {
    let mut fixture =
        Fixture::with(Config::default().ping_interval(Duration::from_millis(40)).pong_timeout(Duration::from_secs(60)))
            .await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.expect(Frame { first: 0x89, payload: Vec::new() }).await;
    raw.expect(Frame::text(r#"{"type":"$ping"}"#)).await;
    // The protocol's pong is the answer, of which no hook hears.
    raw.write(masked(0x8A, b"")).await;
    raw.expect(Frame { first: 0x89, payload: Vec::new() }).await;
    raw.write(support::close(1000, "")).await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Client);
}

#[tokio::test]
async fn who_answers_neither_is_closed_with_an_announcement() {
    let config = Config::default().ping_interval(Duration::from_millis(20)).pong_timeout(Duration::from_millis(20));
    let mut fixture = Fixture::with(config).await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.expect(Frame { first: 0x89, payload: Vec::new() }).await;
    raw.expect(Frame::text(r#"{"type":"$ping"}"#)).await;
    raw.expect(closing(0, 1000)).await;
    raw.expect_close(1013, "no pong came").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::NoPong);
}

#[tokio::test]
async fn an_idle_client_is_closed_with_a_code_of_its_own() {
    let mut fixture = Fixture::with(Config::default().idle_timeout(Duration::from_millis(40))).await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.expect_close(4490, "no message came for too long").await;
    let end = fixture.end().await.close;
    assert_eq!((end.by, end.code), (ClosedBy::Idle, Some(CloseCode::IDLE)));
    let mut raw = fixture.raw("a").await;
    raw.expect_close(1000, "no message came for too long").await;
}

#[tokio::test]
async fn a_drain_is_announced_before_its_close() {
    let mut fixture = Fixture::new().await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    let mut busy = greeted_knowing(&fixture, "b").await;
    busy.write(text(r#"{"type":"wait","ref":1}"#)).await;
    fixture.expect_told("waits").await;
    let mut plain = fixture.raw("a").await;
    let stopped = fixture.begin_to_stop();
    raw.expect(closing(0, 1000)).await;
    raw.expect_close(1001, "the server goes away").await;
    plain.expect_close(1001, "the server goes away").await;
    fixture.open_gate();
    busy.expect(Frame::text(r#"{"type":"echo","ref":1,"text":"waited"}"#)).await;
    busy.expect(closing(0, 1000)).await;
    busy.expect_close(1001, "the server goes away").await;
    drop((raw, busy, plain));
    stopped.await.unwrap();
}

#[tokio::test]
async fn closes_after_which_a_client_returns_are_announced_and_no_others() {
    let fixture = Fixture::new().await;
    for (code, reason, is_announced) in [
        (1000, "enough", false),
        (1001, "enough", true),
        (1008, "enough", false),
        (1011, "enough", false),
        (1012, "enough", true),
        (1013, "enough", true),
        (4000, "enough", false),
        // That of a move, by the application itself.
        (4307, "/elsewhere", false),
    ] {
        let mut raw = greeted_knowing(&fixture, "a").await;
        raw.write(text(&close_me(code, reason))).await;
        raw.expect(Frame::text(&echo("before the close"))).await;
        if is_announced {
            raw.expect(closing(0, 1000)).await;
        }
        raw.expect_close(code, reason).await;
    }
    // Its own Close is answered as it stands.
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.write(support::close(1001, "the page is left")).await;
    raw.expect_close(1001, "").await;
    // And who breaks the protocol is told so alone.
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.write([0x81, 0x00]).await;
    raw.expect_close(1002, "frame of a client is not masked").await;
}

#[tokio::test]
async fn a_ping_is_answered_also_while_a_handler_waits() {
    let mut fixture = Fixture::new().await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    raw.write(text(&bare("wait"))).await;
    fixture.expect_told("waits").await;
    raw.write([text(&echo("later")), ping("5")].concat()).await;
    raw.expect(pong("5")).await;
    raw.write(text(r#"{"type":"$ping"}"#)).await;
    raw.expect(Frame::text(r#"{"type":"$pong"}"#)).await;
    fixture.open_gate();
    raw.expect(Frame::text(&echo("waited"))).await;
    raw.expect(Frame::text(&echo("later"))).await;
    fixture.finish(raw).await;
}

#[tokio::test]
async fn a_ref_is_that_of_a_message() {
    let fixture = Fixture::new().await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    let longest = format!("\"{}\"", "r".repeat(64));
    for (sent, answered) in [("0", "0"), ("-7", "-7"), ("5.0", "5"), (r#""a\u0022""#, r#""a\"""#), (&longest, &longest)]
    {
        raw.write(ping(sent)).await;
        raw.expect(pong(answered)).await;
    }
    for sent in ["{}", "1.5", "18446744073709551616", "[1]", &format!("\"{}\"", "r".repeat(65))] {
        raw.write(ping(sent)).await;
        assert_eq!(json(&mut raw).await["code"], "malformed", "{sent}");
    }
    let padded = format!(r#"{{"type":"$ping","ref":9,"pad":"{}"}}"#, "x".repeat(1024));
    raw.write(text(&padded)).await;
    let answer = json(&mut raw).await;
    assert_eq!((&answer["code"], &answer["ref"]), (&json!("unknown_type"), &json!(9)));
}

#[tokio::test]
async fn pings_are_no_messages_for_an_idle_timeout() {
    let mut fixture = Fixture::with(Config::default().idle_timeout(Duration::from_millis(100))).await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    // One upon the other, for as long as the server answers.
    let pongs = within(async {
        let mut pongs = 0;
        loop {
            raw.write_if_open(ping("1")).await;
            match raw.frame().await {
                Some(frame) if frame == pong("1") => pongs += 1,
                other => {
                    assert_eq!(other, Some(Frame::close(4490, "no message came for too long")));
                    break pongs;
                }
            }
        }
    })
    .await;
    assert!(pongs > 0);
    assert_eq!(fixture.end().await.close.by, ClosedBy::Idle);
}

#[tokio::test]
async fn pings_are_counted_as_frames() {
    let config = Config::default().message_rate(Rate::new(1, Duration::from_secs(3600)).burst(4));
    let fixture = Fixture::with(config).await;
    let mut raw = greeted_knowing(&fixture, "a").await;
    let many: Vec<u8> = (0..6).flat_map(|number| ping(&number.to_string())).collect();
    raw.write(many).await;
    // What is refused is answered where it is counted, before what passes.
    for number in 4..6 {
        let refused = json(&mut raw).await;
        assert_eq!((&refused["code"], &refused["ref"]), (&json!("rate_limited"), &json!(number)));
    }
    for number in 0..4 {
        raw.expect(pong(&number.to_string())).await;
    }
}

#[tokio::test]
async fn who_lets_too_much_wait_is_told_when_to_come_back() {
    let mut fixture = Fixture::with(Config::default().outbox_bytes(4096)).await;
    let said = "x".repeat(3000);
    let mut raw = knowing(&fixture.server, "/wire/slow_to_connect").await;
    fixture.expect_told("on_connect waits").await;
    for _ in 0..4 {
        fixture.hub.all().send(support::wire::Say { text: said.clone() });
    }
    assert_eq!(json(&mut raw).await["type"], "$hello");
    assert_eq!(json(&mut raw).await["type"], "$joined");
    raw.expect(closing(0, 1000)).await;
    raw.expect(Frame::close(1013, "more was sent at once than may wait for this client")).await;
    fixture.open_gate();
    raw.expect_end().await;
}

/// Treats whoever comes as the query says.
#[channel("/door")]
pub struct Door {
    #[extract]
    _guest: Guest,
}

#[channel]
impl Door {}

pub struct Guest;

impl<A: Sync> Extract<A> for Guest {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let reject = match handshake.query.as_str() {
            "" => return Ok(Self),
            "forbidden" => Reject::forbidden("not you"),
            "busy" => Reject::new(StatusCode::SERVICE_UNAVAILABLE, "busy"),
            "later" => Reject::new(StatusCode::SERVICE_UNAVAILABLE, "later").retry_after(Duration::from_millis(2500)),
            "often" => Reject::new(StatusCode::TOO_MANY_REQUESTS, "not so often").retry_after(Duration::from_secs(1)),
            query => panic!("{query}"),
        };
        Err(reject)
    }
}

/// The details of the error and the frames behind it, to the end.
async fn refused(raw: &mut Raw) -> (Value, Vec<Frame>) {
    let error = json(raw).await;
    assert_eq!(error["type"], "error");
    let mut rest = Vec::new();
    while let Some(frame) = raw.frame().await {
        rest.push(frame);
    }
    (error["details"].clone(), rest)
}

#[tokio::test]
async fn a_refusal_says_when_and_within_how_long_to_come_back() {
    let server = start(channels![Door].app(()).config(Config::default().connections(1))).await;
    for (query, details, rest) in [
        ("forbidden", Value::Null, vec![Frame::close(4403, "not you")]),
        ("busy", Value::Null, vec![closing(0, 1000), Frame::close(1013, "busy")]),
        (
            "later",
            json!({ "retry_after_ms": 2500, "retry_window_ms": 1000 }),
            vec![closing(2500, 1000), Frame::close(1013, "later")],
        ),
        ("often", json!({ "retry_after_ms": 1000, "retry_window_ms": 1000 }), vec![Frame::close(4429, "not so often")]),
    ] {
        let mut raw = knowing(&server, &format!("/door?{query}")).await;
        assert_eq!(refused(&mut raw).await, (details, rest), "{query}");
    }
    let mut first = knowing(&server, "/door").await;
    assert_eq!(json(&mut first).await["type"], "$hello");
    let mut raw = knowing(&server, "/door").await;
    let (details, rest) = refused(&mut raw).await;
    assert_eq!(details, json!({ "retry_after_ms": 5000, "retry_window_ms": 1000 }));
    assert_eq!(rest, [closing(5000, 1000), Frame::close(1013, "the server is full")]);
}

/// A room that can't be opened, for a reason each.
#[channel("/vault/:_number", room_state = u32)]
pub struct Vault {
    _number: u32,
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
            Some("/vault/4") => {
                let own = json!({ "retry_after_ms": 7, "retry_window_ms": 8 });
                Err(Fault::new(Fault::UNAVAILABLE, "as the hook says").with_details(own))
            }
            _ => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn a_room_that_does_not_open_says_when_to_come_back() {
    // One of the rooms never opens, which a stop need not wait for.
    let config = Config::default().shutdown_timeout(Duration::ZERO);
    let mut server = start(channels![Vault].app(()).config(config)).await;
    let goodbye = |code| Frame::close(code, "the room can't be opened");
    for (number, details, rest) in [
        (1, Value::Null, vec![closing(0, 1000), goodbye(1013)]),
        (2, json!({ "retry_after_ms": 3000, "retry_window_ms": 1000 }), vec![closing(3000, 1000), goodbye(1013)]),
        (3, Value::Null, vec![goodbye(4404)]),
        (4, json!({ "retry_after_ms": 7, "retry_window_ms": 8 }), vec![closing(7, 1000), goodbye(1013)]),
    ] {
        let mut raw = knowing(&server, &format!("/vault/{number}")).await;
        assert_eq!(refused(&mut raw).await, (details, rest), "{number}");
    }
    let mut waiting = knowing(&server, "/vault/5").await;
    let stopped = server.begin_to_stop();
    waiting.expect(closing(0, 1000)).await;
    waiting.expect_close(1001, "the server goes away").await;
    drop(waiting);
    stopped.await.unwrap();
}

#[message(type = "heard")]
pub struct Heard {
    what: String,
}

/// Tells its client what its hooks hear.
#[channel("/hooked")]
pub struct Hooked;

#[channel(sends(Heard))]
impl Hooked {
    fn on_invalid(&self, error: DecodeError, socket: &Socket<Self>) -> Option<Fault> {
        socket.send(Heard { what: error.to_string() });
        None
    }

    fn on_ping(&self) -> Heard {
        Heard { what: "on_ping".into() }
    }

    fn on_pong(&self) -> Heard {
        Heard { what: "on_pong".into() }
    }
}

#[tokio::test]
async fn a_ping_of_a_knowing_client_reaches_no_hook() {
    let server = start(channels![Hooked].app(())).await;
    let mut raw = knowing(&server, "/hooked").await;
    assert_eq!(json(&mut raw).await["type"], "$hello");
    assert_eq!(json(&mut raw).await["type"], "$joined");
    raw.write([ping("1"), text("{}")].concat()).await;
    raw.expect(pong("1")).await;
    assert!(json(&mut raw).await["what"].as_str().unwrap().contains("missing field `type`"));
    // It does not send this one, and a server has no use for it.
    raw.write(text(r#"{"type":"$pong"}"#)).await;
    assert!(json(&mut raw).await["what"].as_str().unwrap().contains("unknown message type \"$pong\""));
    let mut plain = server.raw("/hooked").await;
    plain.write(ping("1")).await;
    assert!(json(&mut plain).await["what"].as_str().unwrap().contains("unknown message type \"$ping\""));
}

#[tokio::test]
async fn a_test_keeps_them_apart_from_messages() {
    let app = testing::app(channels![Hooked].app(()).config(Config::default().ping_interval(None)));
    let mut client = app.connect::<Hooked>("/hooked").knowing().await.unwrap();
    let hello = client.hello().await;
    assert_eq!((hello.ping_interval, hello.max_bytes), (None, 64 * 1024));
    let joined = client.joined().await;
    assert_eq!((joined.id, joined.outdated), (client.joined().await.id, None));
    client.expect_nothing().await;
    client.send_text(r#"{"type":"$ping","ref":1}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"$pong","ref":1}"#);
    let mut plain = app.connect::<Hooked>("/hooked").await.unwrap();
    app.drain().await;
    for client in [&mut client, &mut plain] {
        assert_eq!(client.expect_close().await.0, CloseCode::GOING_AWAY);
    }
    let closing = client.closing().await;
    assert_eq!((closing.retry_after, closing.retry_window), (Duration::ZERO, Duration::from_secs(1)));
}

#[tokio::test]
#[should_panic = "expected $closing, but everything has settled and none came"]
async fn a_test_that_expects_one_which_never_comes_fails() {
    let app = testing::app(channels![Hooked].app(()));
    let mut client = app.connect::<Hooked>("/hooked").knowing().await.unwrap();
    client.closing().await;
}

#[tokio::test]
#[should_panic = "expected $hello, which only a client hears that connects as `.knowing()`"]
async fn a_test_s_client_is_not_knowing_unless_it_says_so() {
    let app = testing::app(channels![Hooked].app(()));
    let mut client = app.connect::<Hooked>("/hooked").await.unwrap();
    client.hello().await;
}

#[tokio::test(start_paused = true)]
async fn the_window_is_for_all_who_return() {
    let channels = channels![Hooked];
    let hub = channels.of::<Hooked>();
    let app = testing::app(channels.app(()));
    let mut early = Vec::new();
    for _ in 0..3 {
        early.push(app.connect::<Hooked>("/hooked").knowing().await.unwrap());
    }
    let mut crowd = Vec::new();
    for _ in 0..1500 {
        crowd.push(app.connect::<Hooked>("/hooked").without_waiting().await.unwrap());
    }
    let window = async |client: &mut Client<Hooked>| client.closing().await.retry_window.as_millis();
    let mut late = app.connect::<Hooked>("/hooked").knowing().await.unwrap();
    let disconnect = |id| hub.connection(id).disconnect(CloseCode::RESTART, "");
    disconnect(late.joined().await.id);
    assert_eq!(window(&mut late).await, 1503);
    // The sweep tells the others.
    disconnect(early[0].joined().await.id);
    assert_eq!(window(&mut early[0]).await, 1000);
    tokio::time::advance(Duration::from_secs(2)).await;
    // Its turns, of 256 connections each.
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    disconnect(early[1].joined().await.id);
    assert_eq!(window(&mut early[1]).await, 1502);
    crowd.truncate(1200);
    app.settle().await;
    // A drain counts once, whoever it closes first.
    app.drain().await;
    assert_eq!(window(&mut early[2]).await, 1201);
}
