//! Clients that were made for another wire than the channel's: what they are told, when they are refused, and how many there are.
//!
//! The lock has the fingerprint 1 among the compatible ones, and 2 among the broken ones. Of the generated files there is only what the
//! compiler reads of them: how they begin.

mod support;

use channel_runtime::{Channels, Compatibility, Config, Outdated, Refusals, channel, channels, message};
use serde_json::{Value, json};
use support::{Raw, Running, start, upgrade};

/// Too long for a digit.
#[message(type = "noted")]
pub struct Noted {
    text: String,
    at: u64,
}

#[message(type = "note")]
pub struct Note {
    text: String,
}

/// Notes of everybody.
#[channel("/notes/:name")]
pub struct Notes {
    #[allow(dead_code, reason = "it names the room")]
    name: String,
}

#[channel(sends(Noted))]
impl Notes {
    fn on_connect(&self) -> Noted {
        Noted { text: "welcome".into(), at: 0 }
    }

    /// Notes a text.
    #[message]
    fn note(&self, note: Note) -> Noted {
        Noted { text: note.text, at: 1 }
    }
}

/// The check of the files is this compiling.
fn notes() -> Channels<()> {
    channels![Notes;
        lock = "tests/describe/outdated.lock",
        client("tests/describe/outdated.ts", react, bigint),
        asyncapi = "tests/describe/outdated.asyncapi.json",
        schemas = "tests/describe/outdated.schemas.json",
    ]
}

/// The same list, whose files are of other kinds and stand in no lock.
#[test]
fn a_client_may_be_javascript() {
    let notes: Channels<()> = channels![Notes; client("tests/describe/outdated.js", react)];
    assert_eq!(notes.describe(), self::notes().describe());
}

async fn served(config: Config) -> Running {
    start(notes().app(()).config(config)).await
}

fn offering(fingerprint: &str) -> String {
    let offers = format!("Sec-WebSocket-Protocol: channels.1.json, channels.hello{fingerprint}");
    upgrade("/notes/a").replacen("\r\n", &format!("\r\n{offers}\r\n"), 1)
}

async fn json(raw: &mut Raw) -> Value {
    serde_json::from_slice(&raw.frame().await.expect("a text").payload).unwrap()
}

/// A client of this wire that has entered, and its `$joined`.
async fn entered(server: &Running, fingerprint: &str) -> (Raw, Value) {
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering(fingerprint)).await.status, 101);
    assert_eq!(json(&mut raw).await["type"], "$hello");
    let joined = json(&mut raw).await;
    assert_eq!(json(&mut raw).await["type"], "noted");
    (raw, joined)
}

const COMPATIBLE: &str = ".0000000000000001";
const BROKEN: &str = ".0000000000000002";
const UNKNOWN: &str = ".0000000000000003";

#[tokio::test]
async fn a_client_of_another_wire_is_told_what_is_known_of_it() {
    let server = served(Config::default()).await;
    let own = format!(".{}", notes().describe().fingerprint);
    for (fingerprint, outdated) in [
        (&*own, None),
        ("", None),
        (COMPATIBLE, Some("compatible")),
        (BROKEN, Some("breaks")),
        (UNKNOWN, Some("unknown")),
    ] {
        let (_, joined) = entered(&server, fingerprint).await;
        assert_eq!(joined["type"], "$joined");
        assert_eq!(joined.get("outdated"), outdated.map(Value::from).as_ref(), "{fingerprint}");
    }
}

#[tokio::test]
async fn a_broken_one_may_be_refused_and_no_other() {
    let server = served(Config::default().outdated(Outdated::Refuse)).await;
    for fingerprint in ["", COMPATIBLE, UNKNOWN] {
        entered(&server, fingerprint).await;
    }
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering(BROKEN)).await.status, 101);
    let mut error = json(&mut raw).await;
    assert!(error.as_object_mut().unwrap().remove("timestamp").is_some());
    let text = "this client is too old: load or install it anew";
    assert_eq!(error, json!({ "type": "error", "code": "outdated", "message": text }));
    raw.expect_close(4426, text).await;

    let by_status = served(Config::default().outdated(Outdated::Refuse).refusals(Refusals::Status)).await;
    let response = by_status.connect().await.request(&offering(BROKEN)).await;
    assert_eq!((response.status, response.body.as_str()), (426, text));
    assert_eq!(response.header("upgrade"), Some("websocket"), "RFC 9110 (section 15.5.22) asks for it");
    // A client that does not know the framework's frames is asked nothing.
    let other = offering(BROKEN).replace("channels.1.json, ", "chat, ");
    assert_eq!(server.connect().await.request(&other).await.status, 101);
}

#[tokio::test]
async fn the_outdated_who_are_connected_are_counted() {
    let server = notes().app(());
    let health = server.health();
    let count = || -> Vec<u64> { health.channels()[0].outdated.iter().map(|(_, count)| *count).collect() };
    let known: Vec<_> = health.channels()[0].outdated.iter().map(|(client, _)| *client).collect();
    assert_eq!(known, [Compatibility::Compatible, Compatibility::Breaks, Compatibility::Unknown]);
    let server = start(server).await;
    let mut clients = Vec::new();
    for fingerprint in ["", COMPATIBLE, BROKEN, BROKEN, UNKNOWN] {
        clients.push(entered(&server, fingerprint).await.0);
    }
    assert_eq!(count(), [1, 2, 1]);
    for mut client in clients {
        client.shutdown().await;
        client.expect_gone().await;
    }
    support::within(async {
        while count() != [0, 0, 0] {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
