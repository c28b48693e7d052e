//! 10,000 connections of clients leave nothing in the server and nothing in the clients: counted in the registry, and in bytes.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

use std::alloc::System;
use std::future::{pending, ready};
use std::time::Duration;

use cap::Cap;
use channel_client::{Client, Event, Events};
use channel_runtime::private::{Census, census};
use channel_runtime::{CloseCode, ClosedBy, Config, Health, Hub, Socket, Success, channel, channels, message};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

const ROUNDS: usize = 10;
const CLIENTS: usize = 50;
/// Of each client in a round.
const CONNECTIONS: usize = 20;

/// What ten rounds may leave behind, in bytes: a tenth of one for each connection.
const SLACK: usize = 1024;

/// The tasks of a server at rest, without heartbeats: its own, and that which accepts.
const TASKS: usize = 2;

/// Reached only if something is broken.
const PATIENCE: Duration = Duration::from_secs(300);

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
#[derive(Debug)]
pub struct Said {
    text: String,
}

#[message(type = "leave")]
pub struct Leave {}

#[channel("/room/:name")]
pub struct Room {
    name: String,
}

#[channel(sends(Said))]
impl Room {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) -> Success<usize> {
        let length = say.text.len();
        socket.room().send(Said { text: say.text });
        Success(length)
    }

    /// The client comes again.
    #[message]
    fn leave(&self, _: Leave, socket: &Socket<Self>) {
        socket.close(CloseCode::GOING_AWAY, "");
    }
}

async fn joined(events: &mut Events<Room>) {
    loop {
        match events.next().await.expect("the client is closed") {
            Event::Joined { .. } => return,
            Event::Message(_) | Event::Status(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Half of its connections are closed by the server, and half by the client, with a request that was given up.
async fn come_and_go(url: String, at: usize) {
    let client = Client::<Room>::new(&*format!("/room/{}", at % 10)).url(&url).random(|| 0.0).open();
    for connection in 0..CONNECTIONS / 2 {
        let mut events = client.events();
        joined(&mut events).await;
        assert_eq!(client.request(Say { text: "a".repeat(connection) }).await.unwrap(), connection);
        assert!(client.send(Leave {}));
        joined(&mut events).await;
        tokio::select! {
            biased;
            answer = client.request(Say { text: "given up".into() }) => panic!("{answer:?}"),
            () = ready(()) => {}
        }
        client.close();
        client.closed().await;
        if connection + 1 < CONNECTIONS / 2 {
            client.open();
        }
    }
}

/// Waits until the server has seen them leave, and what was done for them has ended.
async fn quiet(hub: &Hub<Room>) {
    let metrics = Handle::current().metrics();
    while census(hub) != Census::default() || metrics.num_alive_tasks() > TASKS {
        yield_now().await;
    }
}

async fn round(url: &str, hub: &Hub<Room>) -> usize {
    let mut clients = JoinSet::new();
    for at in 0..CLIENTS {
        clients.spawn(come_and_go(url.to_owned(), at));
    }
    while let Some(gone) = clients.join_next().await {
        gone.unwrap();
    }
    drop(clients);
    quiet(hub).await;
    MEMORY.allocated()
}

fn ended(health: &Health) -> u64 {
    let [stats] = &health.channels()[..] else { panic!("there is one channel") };
    assert_eq!((stats.connections, stats.rooms, stats.outbox_bytes, health.users()), (0, 0, 0, 0));
    let by = |wanted| stats.ended.iter().filter(|(by, _)| *by == wanted).map(|(_, count)| count).sum::<u64>();
    assert_eq!(by(ClosedBy::Client), by(ClosedBy::Server));
    stats.ended.iter().map(|(_, count)| count).sum()
}

#[tokio::test]
async fn ten_thousand_connections_of_clients_leave_the_server_and_its_memory_as_they_were() {
    let channels = channels![Room];
    let hub = channels.of::<Room>();
    // Without heartbeats, whose task outlives the last connection by a beat.
    let server = channels.app(()).config(Config::default().ping_interval(None));
    let health = server.health();
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", bound.local_addr());
    tokio::spawn(bound.run_until(pending()));
    let mut in_use = Vec::with_capacity(ROUNDS + 1);
    timeout(PATIENCE, async {
        // The first one makes the tables of what is empty.
        for _ in 0..=ROUNDS {
            in_use.push(round(&url, &hub).await);
        }
    })
    .await
    .expect("the server has not seen all of them leave");
    assert_eq!(ended(&health), ((ROUNDS + 1) * CLIENTS * CONNECTIONS) as u64);
    let (before, after) = (in_use[0], in_use[ROUNDS]);
    assert!(after <= before + SLACK, "in use after each round: {in_use:?}");
}
