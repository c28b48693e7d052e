//! Rooms that empty leave nothing behind, and neither do those who were in them: counted in the registry, and in bytes.

mod support;

use std::alloc::System;
use std::fmt;

use cap::Cap;
use channel_runtime::private::{Census, census};
use channel_runtime::{Config, Extract, Handshake, Hub, Reject, Socket, channel, channels, message};
use support::{Frame, Raw, Running, close, start, text, within};
use tokio::runtime::Handle;
use tokio::task::yield_now;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Who is there at a time, over how many path's rooms, and how many declared rooms each is in.
const CROWD: usize = 100;
const ROOMS: usize = 20;
const TAGS: usize = 10;
/// How often a crowd comes and goes in a round.
const CROWDS: usize = 3;

/// What four rounds may leave behind, in bytes: less than one for each connection.
const SLACK: usize = 1024;
/// What the first round may leave, in bytes: a buffer of the thread's to read into, and the tables of what is empty.
const KEPT: usize = 32 * 1024;

#[message(type = "join")]
pub struct Join {
    tags: Vec<String>,
}

#[message(type = "leave")]
pub struct Leave {
    tag: String,
}

#[message(type = "say")]
pub struct Say {
    text: String,
}

pub struct Tag(String);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub struct User(String);

impl<A: Sync> Extract<A> for User {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        handshake.query_param("user").map(Self).ok_or(Reject::absent("who is it?"))
    }
}

/// What a handler is told.
#[derive(Clone)]
pub struct Told(String);

#[channel("/memory/:room", rooms(Tag), room_state = Vec<String>)]
pub struct Memory {
    room: String,
    #[extract]
    user: User,
}

#[channel(sends(Say))]
impl Memory {
    fn identity(&self) -> &String {
        &self.user.0
    }

    #[message]
    fn join(&mut self, join: Join, socket: &Socket<Self>) -> Say {
        for tag in join.tags {
            assert!(socket.join(&Tag(tag)));
        }
        Say { text: format!("joined beside {}", self.room) }
    }

    #[message]
    fn leave(&mut self, leave: Leave, socket: &Socket<Self>) {
        assert!(socket.leave(&Tag(leave.tag)));
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.room().with(|said, room| {
            said.push(say.text.clone());
            room.send(say);
        });
    }

    #[notice]
    fn told(&mut self, told: Told) {
        self.user.0.clone_from(&told.0);
    }
}

/// A client in its rooms, all of whose names nobody had before.
async fn join(server: &Running, crowd: usize, at: usize) -> Raw {
    let room = format!("{crowd}-{}", at % ROOMS);
    let mut raw = server.raw(&format!("/memory/{room}?user={crowd}-{}", at % 3)).await;
    let tags: Vec<String> = (0..TAGS).map(|tag| format!("{crowd}-{}", (at + tag * 7) % (CROWD * 2))).collect();
    raw.write(text(&format!(r#"{{"type":"join","tags":{tags:?}}}"#))).await;
    raw.expect(Frame::text(&format!(r#"{{"type":"say","text":"joined beside {room}"}}"#))).await;
    raw.write(text(&format!(r#"{{"type":"leave","tag":"{}"}}"#, tags[0]))).await;
    raw
}

/// A crowd comes, says something, and leaves, every second one without a word. Answers what is in use while it is there.
async fn come_and_go(server: &Running, hub: &Hub<Memory>, crowd: usize) -> usize {
    let mut clients = Vec::with_capacity(CROWD);
    for at in 0..CROWD {
        clients.push(join(server, crowd, at).await);
    }
    let there = census(hub);
    assert_eq!((there.connections, there.sessions, there.users), (CROWD, CROWD, 3));
    assert!(there.rooms > ROOMS + CROWD, "{there:?}");
    let in_use = MEMORY.allocated();
    for n in 0..10 {
        assert_eq!(hub.all().notify(Told(n.to_string())).refused, 0);
    }

    for (at, client) in clients.iter_mut().take(ROOMS).enumerate() {
        client.write(text(&format!(r#"{{"type":"say","text":"{at}"}}"#))).await;
    }
    for (at, mut client) in clients.into_iter().enumerate() {
        client.expect(Frame::text(&format!(r#"{{"type":"say","text":"{}"}}"#, at % ROOMS))).await;
        if at % 2 == 0 {
            client.write(close(1000, "")).await;
            client.expect_close(1000, "").await;
        }
    }
    in_use
}

/// The tasks of a server at rest, without heartbeats: its own, and that which accepts.
const TASKS: usize = 2;

/// Waits until the server has seen them leave, and what it did for them has ended.
async fn quiet(hub: &Hub<Memory>) {
    let metrics = Handle::current().metrics();
    within(async {
        while census(hub) != Census::default() || metrics.num_alive_tasks() > TASKS {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn when_all_have_left_there_is_nothing_in_the_registry_and_no_byte_more_than_before() {
    let channels = channels![Memory];
    let hub = channels.of::<Memory>();
    // Without heartbeats, whose task outlives the last connection by a beat.
    let server = start(channels.app(()).config(Config::default().ping_interval(None))).await;
    // With room for all of it: it is counted too.
    let mut in_use = Vec::with_capacity(8);
    in_use.push(MEMORY.allocated());
    for round in 0..6 {
        for crowd in 0..CROWDS {
            let while_there = come_and_go(&server, &hub, round * CROWDS + crowd).await;
            assert!(while_there > in_use[0] + 8 * KEPT, "{while_there} bytes with a crowd, {} without", in_use[0]);
        }
        quiet(&hub).await;
        in_use.push(MEMORY.allocated());
    }
    let (before, settled, last) = (in_use[0], in_use[2], in_use[6]);
    assert!(settled <= before + KEPT && last <= settled + SLACK, "in use before and after each round: {in_use:?}");
}
