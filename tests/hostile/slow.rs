//! Those who take their time, on either side.

use std::time::Duration;

use channel_runtime::Config;
use futures::future::join_all;

use super::Attack;
use super::seen::{answered, closed, reacted};
use super::stage::{SQUARE, Stage};
use crate::support::{Frame, PATIENCE, masked, request, upgrade};

/// The size of a piece that is sent to the room.
const PIECE: usize = 16 * 1024;

pub fn attacks() -> Vec<Attack> {
    let small = || Config::default().outbox_bytes(4 * PIECE).close_timeout(PATIENCE);
    let impatient = || Config::default().header_timeout(Duration::from_millis(500));
    let slow = "closed with 1013: too slow: too much was waiting for this client";
    vec![
        Attack::does("never_reads", "reads nothing while the room talks", slow, async |stage| {
            reads(stage, Pace::Never).await
        })
        .with(small()),
        Attack::does("reads_a_byte", "reads a byte for each 16 KiB that it is sent", slow, async |stage| {
            reads(stage, Pace::Bytes).await
        })
        .with(small()),
        Attack::does("asks_and_never_reads", "asks without end for what it never reads", "cut", asks)
            .with(small().pong_timeout(Duration::from_millis(500)).close_timeout(Duration::from_millis(100)))
            .holding(1024),
        Attack::does(
            "half_messages",
            "twenty that stop 1 KiB before the end of a message of 64 KiB",
            "binary, goes on",
            half_messages,
        )
        .holding(2048),
        Attack::does(
            "half_fragments",
            "twenty that stop before the last fragment of 64 KiB",
            "binary, goes on",
            half_fragments,
        )
        .holding(2048),
        Attack::does("half_heads", "fifty that stop before the end of a head of 15 KiB", "101, goes on", half_heads)
            .holding(1536),
        Attack::does("slowloris", "twenty that never say all that they want", "cut", slowloris)
            .with(impatient())
            .holding(1024),
        Attack::does(
            "places_of_the_silent",
            "all places for HTTP taken by those who never say what they want",
            "cut",
            slowloris,
        )
        .with(impatient().http_connections(10))
        .holding(1024),
        Attack::does(
            "answers_unread",
            "all places for HTTP taken by those who ask for what is not there, again and again, and read nothing",
            "cut",
            answers_unread,
        )
        .with(impatient().http_connections(4))
        .buffered(16 * 1024)
        .holding(1024),
        Attack::does(
            "body_without_end",
            "a request that a route is not there for, and its body never ends",
            "404, ended",
            endless_body,
        ),
    ]
}

enum Pace {
    Never,
    Bytes,
}

/// A member of the room that is slower than what is sent there.
async fn reads(stage: &mut Stage, pace: Pace) -> String {
    let mut raw = stage.server.connect_with_small_window().await;
    raw.upgrade(SQUARE).await;
    let piece = Frame::binary(&[7; PIECE]);
    let mut sent = 0;
    while stage.tells_the_room(&piece).await {
        sent += 1;
        assert!(sent < 10_000, "nobody is cut");
        if let Pace::Bytes = pace {
            raw.read_a_byte().await;
        }
    }
    stage.serves_the_honest().await;
    loop {
        match raw.frame().await.expect("a close") {
            frame if frame.first == 0x88 => return closed(&frame),
            frame => {
                assert!(frame == piece || frame.first == 0x81, "{} bytes of {:#x}", frame.payload.len(), frame.first)
            }
        }
    }
}

/// Ends only when the server does not take what it says any more.
async fn asks(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect_with_small_window().await;
    raw.upgrade(SQUARE).await;
    let asked = masked(0x82, vec![7; 1000]).repeat(16);
    stage.throughout(async move { while raw.write_if_open(&asked).await {} }).await;
    stage.emptied().await;
    stage.is_inside()
}

async fn half_messages(stage: &mut Stage) -> String {
    let message = masked(0x82, vec![7; 64 * 1024]);
    interrupted(stage, 20, &message, message.len() - 1024).await
}

async fn half_fragments(stage: &mut Stage) -> String {
    let fragments = [masked(0x02, vec![7; 32 * 1024]), masked(0x00, vec![7; 32 * 1024]), masked(0x80, "")];
    interrupted(stage, 20, &fragments.concat(), fragments[0].len() + fragments[1].len()).await
}

/// So many say all up to this, then wait, then say the rest.
async fn interrupted(stage: &mut Stage, count: usize, says: &[u8], until: usize) -> String {
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut raw = stage.attacker().await;
        raw.write(&says[..until]).await;
        crowd.push(raw);
    }
    stage.serves_the_honest().await;
    let mut ends = Vec::new();
    for mut raw in crowd {
        raw.write(&says[until..]).await;
        ends.push(reacted(raw).await);
    }
    ends.dedup();
    ends.join("; ")
}

async fn half_heads(stage: &mut Stage) -> String {
    let request = upgrade(SQUARE).replacen("Host:", &format!("X-Name: {}\r\nHost:", "x".repeat(15 * 1024)), 1);
    let (early, late) = request.split_at(request.len() - 2);
    let mut crowd = Vec::new();
    for _ in 0..50 {
        let mut raw = stage.server.connect().await;
        raw.write(early).await;
        crowd.push(raw);
    }
    stage.serves_the_honest().await;
    let mut ends = Vec::new();
    for mut raw in crowd {
        raw.write(late).await;
        ends.push(answered(raw).await);
    }
    ends.dedup();
    ends.join("; ")
}

async fn slowloris(stage: &mut Stage) -> String {
    let request = upgrade(SQUARE);
    let mut crowd = Vec::new();
    for n in 0..20 {
        let mut raw = stage.server.connect().await;
        raw.write_if_open(&request[..n * 4]).await;
        crowd.push(raw);
    }
    let cut = async {
        for raw in &mut crowd {
            raw.expect_gone().await;
        }
        "cut".to_owned()
    };
    stage.throughout(cut).await
}

/// Their windows are small, so that little of what they have not read is on its way: each is waited for as long as a slow line needs
/// for that.
async fn answers_unread(stage: &mut Stage) -> String {
    let requests = request("/nothing", &[]).repeat(100);
    let mut crowd = Vec::new();
    for _ in 0..4 {
        crowd.push(stage.server.connect_with_small_window().await);
    }
    let floods = crowd.iter_mut().map(async |raw| while raw.write_if_open(&requests).await {});
    join_all(floods).await;
    "cut".into()
}

async fn endless_body(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect().await;
    raw.write("POST /elsewhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for _ in 0..100 {
        raw.write_if_open([b"1000\r\n", &[b'x'; 0x1000][..], b"\r\n"].concat()).await;
    }
    answered(raw).await
}
