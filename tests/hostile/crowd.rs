//! Many at once, and one very often.

use std::time::Duration;

use channel_runtime::{Config, Rate};

use super::Attack;
use super::seen::{answered, closed};
use super::square::SECRET;
use super::stage::{SQUARE, Stage};
use crate::support::{PATIENCE, Raw, close, upgrade};

/// Whence attackers come who are counted by their address: all of 127.0.0.0/8 is this machine.
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

pub fn attacks() -> Vec<Attack> {
    let rate = Rate::new(10, Duration::from_secs(3600));
    vec![
        Attack::does(
            "more_than_all_places",
            "one connection more than there may be",
            "503, goes on when a place is free",
            too_many,
        )
        .with(Config::default().connections(11)),
        Attack::does(
            "many_from_one_address",
            "eleven connections of an address that may have ten",
            "429, 429 to what comes then",
            async |stage| {
                let mut crowd = Vec::new();
                for _ in 0..10 {
                    let mut raw = stage.server.connect_from(ELSEWHERE).await;
                    raw.upgrade(SQUARE).await;
                    crowd.push(raw);
                }
                one_more(stage).await
            },
        )
        .with(Config::default().connections_per_ip(10))
        .holding(512),
        Attack::does(
            "often_from_one_address",
            "an address that may come ten times an hour, and does in a moment",
            "429, 429 to what comes then",
            async |stage| {
                // The first time it is let in ten times, and then no more.
                for _ in 0..10 {
                    let mut raw = stage.server.connect_from(ELSEWHERE).await;
                    raw.write(upgrade(SQUARE)).await;
                    raw.response().await;
                }
                one_more(stage).await
            },
        )
        .with(Config::default().connection_rate_per_ip(rate)),
        Attack::does(
            "connect_and_drop",
            "three hundred connections that say nothing and are dropped",
            "nothing is left",
            async |stage| {
                for _ in 0..300 {
                    drop(stage.server.connect().await);
                }
                "nothing is left".into()
            },
        ),
        Attack::does(
            "upgrade_and_vanish",
            "two hundred handshakes whose client is gone",
            "nothing is left",
            async |stage| {
                for n in 0..200 {
                    let mut raw = stage.server.connect().await;
                    raw.write(upgrade(SQUARE)).await;
                    if n % 2 == 0 {
                        raw.reset();
                    }
                }
                "nothing is left".into()
            },
        )
        .holding(4096),
        Attack::does(
            "join_and_leave",
            "comes and leaves two hundred times, as fast as it can",
            "closed with 1000",
            async |stage| {
                let addr = stage.server.addr;
                let leaving = async {
                    let mut end = String::new();
                    for _ in 0..200 {
                        let mut raw = Raw::open(addr, SQUARE).await;
                        raw.write(close(1000, "")).await;
                        while let Some(frame) = raw.frame().await {
                            end = closed(&frame);
                        }
                    }
                    end
                };
                stage.throughout(leaving).await
            },
        ),
        Attack::does(
            "silent_crowd",
            "three hundred members of the room that say nothing",
            "all of them hear the room",
            silent_crowd,
        )
        .holding(4096),
        Attack::does("many_rooms", "two hundred rooms of one each", "nothing is left", async |stage| {
            let mut crowd = Vec::new();
            for n in 0..200 {
                crowd.push(stage.server.raw(&format!("/square/{n}-{}", "x".repeat(100))).await);
            }
            stage.serves_the_honest().await;
            "nothing is left".into()
        })
        .holding(4096),
        Attack::does("many_users", "two hundred users with a connection each", "nothing is left", async |stage| {
            let mut crowd = Vec::new();
            for n in 0..200 {
                crowd.push(stage.server.raw(&format!("{SQUARE}?token=user-{n}.{SECRET}")).await);
            }
            assert_eq!(stage.health.users(), 200);
            stage.serves_the_honest().await;
            "nothing is left".into()
        })
        .holding(4096),
        Attack::does(
            "many_of_one_user",
            "eleven connections of a user that may have ten",
            "429, goes on",
            async |stage| {
                let path = format!("{SQUARE}?token=mallory.{SECRET}");
                let mut crowd = Vec::new();
                for _ in 0..10 {
                    crowd.push(stage.server.raw(&path).await);
                }
                let mut raw = stage.server.connect().await;
                raw.write(upgrade(&path)).await;
                let seen = answered(raw).await;
                stage.serves_the_honest().await;
                seen
            },
        )
        .with(Config::default().connections_per_user(10))
        .holding(512),
        Attack::does(
            "one_user_everywhere",
            "four hundred connections of one user, which end at once",
            "nothing is left",
            async |stage| {
                let path = format!("{SQUARE}?token=mallory.{SECRET}");
                let mut crowd = Vec::new();
                for _ in 0..400 {
                    crowd.push(stage.server.raw(&path).await);
                }
                assert_eq!((stage.health.users(), stage.hub.user("mallory").len()), (1, 400));
                drop(crowd);
                stage.serves_the_honest().await;
                "nothing is left".into()
            },
        )
        .holding(8192),
        Attack::does(
            "turned_away",
            "thirty wrong tokens of pages that stay, where ten are told why at a time",
            "101 10 times, 401 20 times",
            turned_away,
        )
        .with(Config::default().turned_away(10).close_timeout(PATIENCE))
        .holding(1024),
    ]
}

async fn too_many(stage: &mut Stage) -> String {
    let mut crowd = Vec::new();
    for _ in 0..10 {
        crowd.push(stage.attacker().await);
    }
    let mut raw = stage.server.connect().await;
    let response = raw.request(&upgrade(SQUARE)).await;
    stage.serves_the_witness().await;
    drop(crowd);
    stage.emptied().await;
    format!("{}, {} when a place is free", response.status, answered_again(raw).await)
}

async fn answered_again(mut raw: Raw) -> &'static str {
    raw.upgrade(SQUARE).await;
    "goes on"
}

async fn one_more(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect_from(ELSEWHERE).await;
    raw.write(upgrade(SQUARE)).await;
    let seen = answered(raw).await;
    stage.serves_the_honest().await;
    seen
}

async fn silent_crowd(stage: &mut Stage) -> String {
    let mut crowd = Vec::new();
    for _ in 0..300 {
        crowd.push(stage.attacker().await);
    }
    stage.serves_the_honest().await;
    for raw in &mut crowd {
        let said = raw.frame().await.expect("what the honest say");
        assert!(String::from_utf8(said.payload).unwrap().contains("honest"));
    }
    "all of them hear the room".into()
}

async fn turned_away(stage: &mut Stage) -> String {
    let protocols = "Sec-WebSocket-Protocol: channels.1.json, channels.token.mallory.guess";
    let request = upgrade(SQUARE).replacen("Host:", &format!("{protocols}\r\nHost:"), 1);
    let (mut crowd, mut told) = (Vec::new(), super::seen::Seen::default());
    for _ in 0..30 {
        let mut raw = stage.server.connect().await;
        told.note(raw.request(&request).await.status.to_string());
        crowd.push(raw);
    }
    stage.serves_the_honest().await;
    told.all()
}
