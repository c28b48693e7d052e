//! What history takes of memory, in bytes that are allocated: of a log, of rooms that are kept, and no more after ten thousand clients
//! that were cut and came back than after two thousand.

mod support;

use std::alloc::System;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use cap::Cap;
use channel_runtime::http::StatusCode;
use channel_runtime::private::census;
use channel_runtime::{Audience, Config, ConnectionId, Hub, OneRoom, Server, Socket, channel, channels, message};
use serde_json::Value;
use support::{Raw, Running, start, text, upgrade, within};
use tokio::runtime::{Builder, Handle};
use tokio::task::yield_now;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What is allocated is counted in the whole process, so one test is run at a time, with its runtime.
fn alone(test: impl Future<Output = ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

const ROOMS: usize = 2;
/// Members of each room that stay.
const STAY: usize = 2;
/// So many flaps until all that has a bound has come to it.
const WARM_UP: usize = 2_400;
const FLAPS: usize = 10_000;

/// What the flaps after the warm-up may leave behind, in bytes: less than one for each.
const SLACK: usize = 4 * 1024;

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[channel("/chat/:room", history(size = 256, bytes = "1MiB", age = "1h"))]
pub struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.others().send(Said { text: say.text });
    }
}

/// Without heartbeats, whose task outlives the last connection by a beat.
fn app() -> (Server<()>, Hub<Chat>) {
    let channels = channels![Chat];
    let hub = channels.of::<Chat>();
    (channels.app(()).config(Config::default().ping_interval(None)), hub)
}

struct Client {
    raw: Raw,
    at: String,
    seq: u64,
}

impl Client {
    async fn connect(server: &Running, room: usize, position: Option<(&str, u64)>) -> Self {
        let resume = position.map_or_else(String::new, |(at, seq)| format!("?$resume={at}:{seq}"));
        let mut raw = server.connect().await;
        let offers = "\r\nSec-WebSocket-Protocol: channels.1.json, channels.hello\r\n";
        let response = raw.request(&upgrade(&format!("/chat/{room}{resume}")).replacen("\r\n", offers, 1)).await;
        assert_eq!(response.status, StatusCode::SWITCHING_PROTOCOLS);
        let mut client = Self { raw, at: String::new(), seq: 0 };
        assert_eq!(client.next().await["type"], "$hello");
        let joined = client.next().await;
        assert_eq!(joined["resumed"].is_u64(), position.is_some(), "{joined}");
        client.at = joined["at"].as_str().expect("a position").to_owned();
        client.seq = joined["seq"].as_u64().expect("a number");
        client
    }

    async fn next(&mut self) -> Value {
        let frame = self.raw.frame().await.expect("a text");
        serde_json::from_slice(&frame.payload).unwrap()
    }

    async fn hears(&mut self) {
        let said = self.next().await;
        assert_eq!(said["type"], "said");
        self.seq = said["$seq"].as_u64().expect("a number");
    }
}

/// The tasks of a server at rest: its own, that which accepts, and the watch over what is kept.
const TASKS: usize = 3;

async fn until_there_are(hub: &Hub<Chat>, connections: usize) {
    let metrics = Handle::current().metrics();
    within(async {
        while census(hub).sessions != connections || metrics.num_alive_tasks() > TASKS + 2 * connections {
            yield_now().await;
        }
    })
    .await;
}

#[test]
fn ten_thousand_flaps_leave_no_more_behind_than_two_thousand() {
    alone(flaps());
}

async fn flaps() {
    let (app, hub) = app();
    let server = start(app).await;
    let mut positions = Vec::new();
    let mut staying = Vec::new();
    for at in 0..ROOMS * STAY {
        staying.push(Client::connect(&server, at % ROOMS, None).await);
    }
    for room in 0..ROOMS {
        let client = Client::connect(&server, room, None).await;
        positions.push((client.at.clone(), client.seq));
    }
    let (mut missed, mut in_use) = ([0; ROOMS], Vec::with_capacity(2));
    for flap in 1..=FLAPS {
        let room = flap % ROOMS;
        let (at, seq) = &positions[room];
        let mut client = Client::connect(&server, room, Some((at, *seq))).await;
        // A neighbour says something; the client hears it, or is cut before.
        staying[room]
            .raw
            .write(text(r#"{"type":"say","text":"a line of a usual length, as people write them"}"#))
            .await;
        staying[room + ROOMS].hears().await;
        missed[room] += 1;
        if flap % 3 > 0 {
            for _ in 0..std::mem::take(&mut missed[room]) {
                client.hears().await;
            }
            // Its own, which it does not hear when it comes back.
            client.raw.write(text(r#"{"type":"say","text":"and another one of the same usual length"}"#)).await;
            staying[room].hears().await;
            staying[room + ROOMS].hears().await;
        }
        positions[room] = (client.at, client.seq);
        drop(client.raw);
        if flap == WARM_UP || flap == FLAPS {
            until_there_are(&hub, staying.len()).await;
            in_use.push(MEMORY.allocated());
        }
    }
    let (warm, measured) = (in_use[0], in_use[1]);
    assert!(measured <= warm + SLACK, "{warm} bytes after {WARM_UP} flaps, {measured} after {FLAPS}");
}

#[test]
fn what_is_counted_is_what_is_allocated() {
    alone(counted());
}

async fn counted() {
    let (app, hub) = app();
    let health = app.health();
    let _server = start(app).await;
    let somebody: ConnectionId = "9f3b1c20a4d6e817-2a".parse().unwrap();
    let send = |room: &Audience<Chat, OneRoom>, text: usize| room.send(Said { text: "x".repeat(text) });
    let warm = hub.room(&Chat::room("warm"));
    warm.position().await.unwrap();
    send(&warm, 3000);
    for (text, messages) in [(1, 100), (101, 60), (101, 200), (101, 600), (3000, 200)] {
        for excludes in [false, true] {
            let mut nearest = (0_usize, usize::MAX);
            // Threads of tests that are over give memory back meanwhile.
            for again in 0..3 {
                let room = hub.room(&Chat::room(&format!("{text}-{messages}-{excludes}-{again}")));
                room.position().await.unwrap();
                // What is made once for a room.
                send(&room, 0);
                let room = if excludes { room.except(somebody) } else { room };
                let before = (MEMORY.allocated(), health.history_bytes());
                for _ in 0..messages {
                    send(&room, text);
                }
                let allocated = MEMORY.allocated().saturating_sub(before.0);
                let counted = health.history_bytes() - before.1;
                if allocated.abs_diff(counted) < nearest.0.abs_diff(nearest.1) {
                    nearest = (allocated, counted);
                }
            }
            let (allocated, counted) = nearest;
            println!("{messages} messages of {text}, {excludes}: {allocated} bytes, {counted} of them counted");
            assert!(allocated.abs_diff(counted) <= allocated / 50, "{messages} of {text}: {nearest:?}");
        }
    }
}

#[test]
fn a_log_takes_at_most_80_kb_and_a_room_that_is_kept_2() {
    alone(kept());
}

async fn kept() {
    let (app, hub) = app();
    let health = app.health();
    let server = start(app).await;
    hub.room(&Chat::room("warm")).position().await.unwrap();
    let before = MEMORY.allocated();
    let one = hub.room(&Chat::room("one"));
    one.position().await.unwrap();
    for _ in 0..300 {
        // With what is around it, 128 bytes.
        one.send(Said { text: "x".repeat(101) });
    }
    let log = MEMORY.allocated() - before;
    assert!(log <= 80_000, "256 messages of 128 bytes take {log} bytes");

    const ROOMS: usize = 1000;
    let (before, counted) = (MEMORY.allocated(), health.history_bytes());
    for room in 0..ROOMS {
        let room = hub.room(&Chat::room(&room.to_string()));
        room.position().await.unwrap();
        room.send(Said { text: "x".repeat(101) });
    }
    let (each, counted) = ((MEMORY.allocated() - before) / ROOMS, (health.history_bytes() - counted) / ROOMS);
    println!("a log: {log} bytes; a room with a message: {each}, {counted} of them counted");
    assert!(each <= 2_000, "a room with a message takes {each} bytes");
    assert!(each.abs_diff(counted) <= each / 10, "{counted} of {each} bytes are counted");
    drop(server);
}
