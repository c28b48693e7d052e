//! The server: one channel with a bit of everything, and what is left of it.

use std::alloc::System;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::asked;
use bench::serving::{Serving, Threads, announce};
use cap::Cap;
use channel_runtime::private::census;
use channel_runtime::{
    Bytes, Close, Compression, Config, Extract, Handshake, Hub, Reject, Socket, channel, channels, message,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

#[derive(Debug, Serialize, Deserialize)]
pub struct Left {
    connections: usize,
    rooms: usize,
    users: usize,
    sessions: usize,
    states: u64,
    tasks: usize,
    /// What is allocated, in bytes.
    pub allocated: u64,
    /// How many `on_connect`s were begun.
    begun: u64,
    /// How many `on_close`s there were, by what ended the connection.
    ended: BTreeMap<String, u64>,
}

impl Left {
    pub fn is_nothing(&self) -> bool {
        let Self { connections, rooms, users, sessions, states, tasks, .. } = *self;
        (connections, rooms, users, sessions, states, tasks) == (0, 0, 0, 0, 0, 0)
            && self.begun == self.ended.values().sum::<u64>()
    }

    pub fn ends(&self) -> String {
        self.ended.iter().fold(String::new(), |mut text, (how, count)| {
            let comma = if text.is_empty() { "" } else { ", " };
            write!(text, "{comma}{how} {count}").expect("a string takes everything");
            text
        })
    }
}

/// Counts, beside the resident set: in that the allocator keeps what was given back to it and lies scattered.
#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

static STATES: AtomicU64 = AtomicU64::new(0);

pub struct Board {
    said: Vec<u64>,
}

impl Default for Board {
    fn default() -> Self {
        STATES.fetch_add(1, Ordering::Relaxed);
        Self { said: Vec::new() }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        STATES.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
pub struct App {
    begun: AtomicU64,
    ended: Mutex<BTreeMap<String, u64>>,
}

/// Says something to those whom it names.
#[message(type = "say")]
struct Say {
    to: To,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum To {
    Me,
    Room,
    Others,
    Tags(Vec<u64>),
    User(String),
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[message(type = "join")]
struct Join {
    tag: u64,
}

#[message(type = "leave")]
struct Leave {
    tag: u64,
}

pub struct Tag(u64);

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

struct User(Option<String>);

impl<A: Sync> Extract<A> for User {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("user")))
    }
}

#[channel("/soak/:room", app = App, rooms(Tag), room_state = Board)]
struct Soak {
    room: u64,
    #[extract]
    user: User,
}

#[channel(sends(Said, Bytes))]
impl Soak {
    fn identity(&self) -> Option<String> {
        self.user.0.clone()
    }

    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        app.begun.fetch_add(1, Ordering::Relaxed);
        socket.send(Said { text: format!("welcome to {}", self.room) });
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        let said = Said { text: say.text };
        let _ = match say.to {
            To::Me => socket.send(said),
            To::Room => socket.room().with(|board, room| {
                board.said.push(said.text.len() as u64);
                room.send(said)
            }),
            To::Others => socket.others().send(said),
            To::Tags(tags) => socket.rooms(tags.into_iter().map(Tag)).send(said),
            To::User(user) => socket.user(&user).send(said),
        };
    }

    #[message]
    fn join(&mut self, join: Join, socket: &Socket<Self>) {
        socket.join(&Tag(join.tag));
    }

    #[message]
    fn leave(&mut self, leave: Leave, socket: &Socket<Self>) {
        socket.leave(&Tag(leave.tag));
    }

    fn on_binary(&mut self, noise: Bytes, socket: &Socket<Self>) {
        socket.room().send_bytes(noise);
    }

    #[message(type = "wait_for_the_end")]
    async fn wait_for_the_end(&mut self, socket: &Socket<Self>) {
        socket.closed().await;
    }

    #[message(type = "panic")]
    fn panic(&mut self) {
        panic!("a handler panics");
    }

    fn on_close(&mut self, close: Close, app: &App) {
        let how = format!("{:?}", close.by);
        *app.ended.lock().expect("it is never poisoned").entry(how).or_default() += 1;
    }
}

/// `own` are the tasks of a server that nobody is connected to.
fn left(hub: &Hub<Soak>, app: &App, own: usize) -> Left {
    let census = census(hub);
    Left {
        connections: census.connections,
        rooms: census.rooms,
        users: census.users,
        sessions: census.sessions,
        states: STATES.load(Ordering::Relaxed),
        tasks: Handle::current().metrics().num_alive_tasks() - own,
        allocated: ALLOCATED.allocated() as u64,
        begun: app.begun.load(Ordering::Relaxed),
        ended: app.ended.lock().expect("it is never poisoned").clone(),
    }
}

/// Serves until stdin ends, and says for each line there what there is; once more when it has stopped.
pub fn run(serving: &Serving, threads: &Threads) -> io::Result<()> {
    serving.begin()?;
    // The panics are meant.
    std::panic::set_hook(Box::new(|_| {}));
    threads.run(async {
        let app = Arc::new(App::default());
        let channels = channels![Soak];
        let hub = channels.of::<Soak>();
        // Short, so that every bound is met in a short soak too.
        let config = Config::default()
            .message_rate(None)
            .compression(Compression::default())
            .outbox_bytes(64 * 1024)
            .ping_interval(Some(Duration::from_secs(1)))
            .pong_timeout(Duration::from_millis(500))
            .close_timeout(Duration::from_millis(500));
        let bound = channels.app_arc(Arc::clone(&app)).config(config).bind(serving.addr).await?;
        announce(bound.local_addr());
        let mut asked = asked::questions();
        let answer = |own| {
            let left = serde_json::to_string(&left(&hub, &app, own)).expect("names and numbers are JSON");
            println!("{left}");
        };
        bound
            .run_until(async {
                while asked.recv().await.is_some() {
                    // The one that accepts.
                    answer(1);
                }
            })
            .await;
        // A task that was waited for is counted for a moment more.
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let ended = async {
            while tasks() > 0 {
                yield_now().await;
            }
        };
        _ = timeout(Duration::from_secs(1), ended).await;
        answer(0);
        Ok(())
    })
}
