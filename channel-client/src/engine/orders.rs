//! What the user set, what the task is to do, and what a program is told of.

use std::time::Duration;

use bytes::Bytes;
use channel_runtime::Fault;

use super::dial::{Dial, Why};
use super::pace::Pace;
use super::presence::Presence;
use super::status::{Joined, Outdated, Status};

/// What the user set.
pub(crate) struct Settings {
    pub fingerprint: Option<u64>,
    pub asks_for_tokens: bool,
    /// One that is not asked for.
    pub token: Option<String>,
    /// The first one, of the path's room: it came with a page.
    pub position: Option<String>,
    /// So many requests wait, at most.
    pub queue: usize,
    /// How long a server may be silent. `None` for what it says itself.
    pub silence: Option<Duration>,
    /// From 0 up to 1.
    pub random: Box<dyn FnMut() -> f64 + Send>,
}

/// A message that is sent first on each connection.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    pub text: String,
    /// The place of its type, for its rate. `None` if it has no rate.
    pub pace: Option<(usize, Pace)>,
}

/// A question of the server.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its type.
    pub kind: String,
    pub number: u64,
    pub text: String,
    /// The number of the connection that it was received on.
    pub connection: u64,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Call the token function; the answer is [`Engine::token`].
    AskToken(Why),
    Dial(Dial),
    /// Ask what is said first on each connection; the answer is [`Engine::greeted`].
    Greet,
    Say(String),
    SayBytes(Bytes),
    /// Answer a question; the answer is [`Engine::answer`].
    Answer(Asked),
    /// Close the present connection, of which nothing more is told.
    Close {
        reason: String,
        is_silent: bool,
    },
    Tell(News),
}

/// What a program is told of.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Status(Status),
    Joined {
        room: Option<String>,
        id: String,
        how: Joined,
        outdated: Option<Outdated>,
    },
    Outdated(Outdated),
    /// To the room of this path.
    Moved(String),
    Presence(Presence),
    Text(String),
    Binary(Bytes),
    Fault(Fault),
}
