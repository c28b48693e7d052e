//! What is attacked: a channel with all that a client can reach, and nothing that is there for the attacks alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use channel_runtime::{Auth, Authenticate, Close, Fault, Reject, Socket, Success, Token, channel, message};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::yield_now;

/// What lets a guest in, behind its name and a dot.
pub const SECRET: &str = "s3cret";

/// The first thing that everyone hears.
#[message(type = "welcome")]
pub struct Welcome {
    name: String,
}

/// Comes back to whoever says it.
#[message(type = "echo")]
pub struct Echo {
    text: String,
}

/// Goes to the room.
#[message(type = "say")]
pub struct Say {
    text: String,
}

/// All that JSON can be, where a client may write it.
#[message(type = "put")]
pub struct Put {
    #[serde(default)]
    text: String,
    #[serde(default)]
    count: i64,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    share: f32,
    #[serde(default)]
    tags: HashMap<String, Value>,
}

impl Put {
    pub fn counted(&self) -> Success<usize> {
        Success(self.text.len() + self.tags.len())
    }
}

/// Whose account is being looked up for a while.
pub const REMOVED: &str = "removed";

#[derive(Default)]
pub struct Town {
    looks_up: Notify,
    goes_on: Notify,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Town {
    /// Waits until an account is looked up that takes a while.
    pub async fn looked_up(&self) {
        self.looks_up.notified().await;
    }

    /// It has been found.
    pub fn go_on(&self) {
        self.goes_on.notify_one();
    }

    /// Connections whose `on_connect` has begun and whose `on_close` has not run.
    pub fn inside(&self) -> usize {
        self.begun.load(Ordering::SeqCst) - self.ended.load(Ordering::SeqCst)
    }
}

pub struct Guest(String);

impl Authenticate<Town> for Guest {
    async fn authenticate(token: Token, town: &Town) -> Result<Self, Reject> {
        match token.expose().split_once('.') {
            Some((name, secret)) if Token::new(secret).matches(SECRET) => {
                if name == REMOVED {
                    town.looks_up.notify_one();
                    town.goes_on.notified().await;
                }
                Ok(Self(name.into()))
            }
            _ => Err(Reject::unauthorized("invalid token")),
        }
    }
}

#[channel("/square/:name", app = Town)]
pub struct Square {
    name: String,
    #[extract]
    guest: Option<Auth<Guest>>,
}

#[channel(sends(Welcome, Echo, Say, Bytes))]
impl Square {
    /// Repeats what the client said, as careless code does.
    fn authorize(&self) -> Result<(), Reject> {
        if self.name.starts_with("closed") {
            Err(Reject::forbidden(format!("no way to {}", self.name)))
        } else {
            Ok(())
        }
    }

    fn identity(&self) -> Option<&String> {
        self.guest.as_ref().map(|guest| &guest.0.0)
    }

    fn on_connect(&mut self, town: &Town) -> Welcome {
        town.begun.fetch_add(1, Ordering::SeqCst);
        Welcome { name: self.name.clone() }
    }

    async fn on_refresh(&mut self, token: Token, town: &Town) -> Result<(), Reject> {
        self.guest = Some(Auth::from_token(token, town).await?);
        Ok(())
    }

    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message]
    fn say(&mut self, said: Say, socket: &Socket<Self>) {
        socket.room().send(said);
    }

    #[message]
    fn put(&mut self, put: Put) -> Result<Success<usize>, Fault> {
        if put.count < 0 || put.ratio < 0.0 || put.share < 0.0 {
            return Err(Fault::validation("less than nothing"));
        }
        Ok(put.counted())
    }

    /// Is answered by another task.
    #[message(type = "later")]
    fn later(&mut self, socket: &Socket<Self>) {
        let answer = socket.defer();
        tokio::spawn(async move {
            for _ in 0..20 {
                yield_now().await;
            }
            answer.send(Success("at last"));
        });
    }

    /// The seldom and the seldom of all devices.
    #[message(type = "wave", rate = "3/h")]
    fn wave(&mut self) {}

    #[message(type = "shout", rate = "6/h", per = "user")]
    fn shout(&mut self) {}

    fn on_binary(&mut self, data: Bytes, socket: &Socket<Self>) {
        socket.send_bytes(data);
    }

    fn on_close(&mut self, _: Close, town: &Town) {
        town.ended.fetch_add(1, Ordering::SeqCst);
    }
}
