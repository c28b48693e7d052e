//! The offer of a knowing client, and the frames that only such a client hears: what is wrong with them, and too much of them.

use channel_runtime::Config;

use super::Attack;
use super::framing::{flooded, hourly};
use super::seen;
use super::stage::{SQUARE, Stage};
use crate::support::{Raw, text, upgrade};

/// The usual handshake with these offers.
fn offering(offers: &str) -> Vec<u8> {
    upgrade(SQUARE).replacen("Host:", &format!("Sec-WebSocket-Protocol: {offers}\r\nHost:"), 1).into()
}

fn ping(reference: &str) -> Vec<u8> {
    text(&format!(r#"{{"type":"$ping","ref":{reference}}}"#))
}

pub fn attacks() -> Vec<Attack> {
    let knowing = |name, tries, ends, says: Vec<u8>| {
        Attack::does(name, tries, ends, async move |stage| {
            let raw = knowing(stage).await;
            seen::reaction(raw, &says).await
        })
    };
    let depth = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let no_digits = "101, `refused`, closed with 4400: the fingerprint of an offer `channels.hello.<fingerprint>` is 16 hexadecimal \
                     digits, in lower case";
    vec![
        Attack::request("hello_alone", "the offer beside nothing", "400, goes on", offering("channels.hello")),
        Attack::request(
            "hello_in_words",
            "a fingerprint that is a word",
            no_digits,
            offering("channels.1.json, channels.hello.let-me-in"),
        ),
        Attack::request(
            "hello_too_long",
            "a fingerprint of 4000 digits",
            no_digits,
            offering(&format!("channels.1.json, channels.hello.{}", "f".repeat(4000))),
        ),
        Attack::request(
            "hello_too_large",
            "a fingerprint with a sign",
            no_digits,
            offering("channels.1.json, channels.hello.+fffffffffffffff"),
        ),
        Attack::request(
            "hello_many_times",
            "a different fingerprint, 200 times",
            "101, $hello, $joined, goes on",
            offering(&(0..200).fold("channels.1.json".to_owned(), |all, n| format!("{all},channels.hello.{n:016x}"))),
        ),
        Attack::frames(
            "ping_unknowing",
            "a `$ping` of one who never offered to know it",
            "`unknown_type`, goes on",
            ping("1"),
        ),
        knowing(
            "frames_of_the_server",
            "`$hello`, `$joined`, `$closing` and `$pong` from a client",
            "`unknown_type` 4 times, goes on",
            ["hello", "joined", "closing", "pong"].map(|kind| text(&format!(r#"{{"type":"${kind}"}}"#))).concat(),
        ),
        knowing(
            "ping_with_a_long_ref",
            "a `$ping` whose `ref` has 60,000 bytes",
            "`malformed`, goes on",
            ping(&format!("\"{}\"", "r".repeat(60_000))),
        ),
        knowing("ping_with_an_object", "an object as its `ref`", "`malformed`, goes on", ping("{}")),
        knowing(
            "ping_with_a_large_number",
            "a number of 300 digits as its `ref`",
            "`malformed`, goes on",
            ping(&"9".repeat(300)),
        ),
        knowing("ping_twice_named", "two types in one", "`malformed`, goes on", {
            text(r#"{"type":"$ping","type":"$ping"}"#)
        }),
        knowing("ping_with_a_depth_bomb", "400 arrays within each other beside its type", "$pong, goes on", {
            text(&format!(r#"{{"x":{},"type":"$ping"}}"#, depth(400)))
        }),
        knowing("ping_with_a_large_depth_bomb", "30,000 of them", "`malformed`, goes on", {
            text(&format!(r#"{{"x":{},"type":"$ping"}}"#, depth(30_000)))
        }),
        knowing(
            "ping_padded",
            "a `$ping` of 60,000 bytes",
            "`unknown_type`, goes on",
            text(&format!(r#"{{"type":"$ping","x":"{}"}}"#, "x".repeat(60_000))),
        ),
        knowing(
            "ping_without_a_hook",
            "twenty of them at once",
            "$pong 20 times, goes on",
            (0..20).flat_map(|n| ping(&n.to_string())).collect(),
        ),
        Attack::does(
            "flood_of_pings_of_its_own",
            "a thousand `$ping`, of which none asks for an answer by its `ref`",
            "closed with 1008: too many messages",
            async |stage| {
                let raw = self::knowing(stage).await;
                flooded(stage, raw, &text(r#"{"type":"$ping"}"#).repeat(1000)).await
            },
        )
        .with(hourly()),
        Attack::does(
            "pings_of_its_own_without_end",
            "`$ping` without end, and reads no answer",
            "cut",
            async |stage| {
                let mut raw = self::knowing(stage).await;
                let longest = ping(&format!("\"{}\"", "r".repeat(64))).repeat(100);
                stage.throughout(async { while raw.write_if_open(&longest).await {} }).await;
                stage.emptied().await;
                stage.is_inside()
            },
        )
        .with(Config::default().message_rate(None))
        .holding(2048),
    ]
}

/// A knowing attacker in the honest clients' room, who has been greeted.
async fn knowing(stage: &Stage) -> Raw {
    let mut raw = stage.server.connect().await;
    let request = String::from_utf8(offering("channels.1.json, channels.hello")).unwrap();
    assert_eq!(raw.request(&request).await.status, 101);
    for kind in ["$hello", "$joined", "welcome"] {
        let frame = raw.frame().await.expect("a greeting");
        assert!(String::from_utf8(frame.payload).unwrap().starts_with(&format!(r#"{{"type":"{kind}""#)));
    }
    raw
}
