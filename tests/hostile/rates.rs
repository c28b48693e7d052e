//! Those who say too much, too often.

use std::convert::Infallible;

use channel_runtime::Config;

use super::Attack;
use super::framing::{flood, hourly};
use super::seen::Seen;
use super::square::SECRET;
use super::stage::{SQUARE, Stage};
use crate::support::{Raw, masked, text, upgrade};

pub fn attacks() -> Vec<Attack> {
    let abuse = "closed with 1008: too many messages";
    let lost = "closed with 1008: too many messages: a binary message was refused";
    let waves: Vec<u8> = (0..20).flat_map(|n| text(&format!(r#"{{"type":"wave","ref":{n}}}"#))).collect();
    vec![
        Attack::does("flood_of_unknown_types", "types that nobody knows, a thousand times", abuse, async |stage| {
            flood(stage, &(0..1000).flat_map(|n| text(&format!(r#"{{"type":"t{n}"}}"#))).collect::<Vec<_>>()).await
        })
        .with(hourly()),
        Attack::does("flood_of_no_json", "what is no JSON, a thousand times", abuse, async |stage| {
            flood(stage, &text(r#"{"type":"#).repeat(1000)).await
        })
        .with(hourly()),
        Attack::does(
            "flood_of_all_kinds",
            "messages, pings, pongs, binary and empty frames in turns",
            lost,
            async |stage| {
                let turn = [
                    text(r#"{"type":"put"}"#),
                    masked(0x89, "x"),
                    masked(0x8A, ""),
                    masked(0x82, "x"),
                    masked(0x81, ""),
                ];
                flood(stage, &turn.concat().repeat(200)).await
            },
        )
        .with(hourly()),
        Attack::does("flood_of_binary", "binary messages, of which none may be lost unseen", lost, async |stage| {
            flood(stage, &masked(0x82, "x").repeat(1000)).await
        })
        .with(hourly()),
        Attack::frames(
            "flood_of_one_type",
            "twenty messages of a type that may come three times an hour",
            "success 3 times, `rate_limited` 11 times, closed with 1008: too many messages",
            waves,
        ),
        Attack::does(
            "many_devices",
            "one user on four connections, for what a user may do six times an hour",
            "success 6 times, `rate_limited` 6 times, goes on",
            many_devices,
        ),
        Attack::does(
            "new_connections",
            "a user who comes back for more, four times",
            "success 6 times, `rate_limited` 6 times, goes on",
            new_connections,
        ),
        Attack::does("messages_without_end", "messages without end, where no rate is set", "goes on", async |stage| {
            endless(stage, &text(r#"{"type":"put","tags":{"a":[1,2,3]}}"#).repeat(50)).await
        })
        .with(Config::default().message_rate(None))
        .holding(2048),
        Attack::does("pings_without_end", "pings without end, where no rate is set", "goes on", async |stage| {
            endless(stage, &masked(0x89, "x").repeat(100)).await
        })
        .with(Config::default().message_rate(None))
        .holding(2048),
        Attack::does("answers_without_end", "asks without end, and reads no answer", "goes on", async |stage| {
            endless(stage, &text(&format!(r#"{{"type":"echo","text":"{}"}}"#, "x".repeat(1000)))).await
        })
        .with(Config::default().message_rate(None))
        .holding(2048),
    ]
}

/// Somebody with a name of its own, where no two have the same.
fn named(name: usize) -> String {
    upgrade(SQUARE).replacen("Host:", &format!("Authorization: Bearer user-{name}.{SECRET}\r\nHost:"), 1)
}

async fn device(stage: &Stage, name: usize) -> Raw {
    let mut raw = stage.server.connect().await;
    assert_eq!(raw.request(&named(name)).await.status, 101);
    raw.frame().await.expect("a welcome");
    raw
}

/// Says three times what a user may say seldom.
async fn shout(raw: &mut Raw, seen: &mut Seen) {
    for n in 0..3 {
        raw.write(text(&format!(r#"{{"type":"shout","ref":{n}}}"#))).await;
        seen.add(&raw.frame().await.expect("an answer"));
    }
}

async fn many_devices(stage: &mut Stage) -> String {
    let (name, mut seen) = (stage.fresh(), Seen::default());
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(device(stage, name).await);
    }
    for raw in &mut devices {
        shout(raw, &mut seen).await;
    }
    seen.and("goes on")
}

async fn new_connections(stage: &mut Stage) -> String {
    let (name, mut seen) = (stage.fresh(), Seen::default());
    for _ in 0..4 {
        shout(&mut device(stage, name).await, &mut seen).await;
    }
    seen.and("goes on")
}

/// Never stops, never reads; and is still there when the honest have been served.
async fn endless(stage: &mut Stage, frames: &[u8]) -> String {
    let mut raw = stage.attacker().await;
    stage.despite(never_stops(&mut raw, frames)).await;
    stage.is_inside()
}

async fn never_stops(raw: &mut Raw, frames: &[u8]) -> Infallible {
    loop {
        raw.write(frames).await;
    }
}
