//! The framework's own frames, as clients hear them who offer `channels.hello`: over TCP, byte by byte.

mod support;

use std::time::Duration;

use channel_runtime::{Config, Handshake, Socket, channel, channels, message};
use serde_json::{Value, json};
use support::wire::{Fixture, greeted};
use support::{Frame, Raw, Running, start, upgrade};

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
