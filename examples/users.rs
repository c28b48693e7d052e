//! Sending to people rather than to connections: everybody may have several devices, and reads on each of them.
//!
//! `cargo run --example users` and open the printed address: the page holds several devices of several people.

use std::env;
use std::fmt;
use std::str::FromStr;

use channel_runtime::{Close, Extract, Fault, Handshake, Reject, Server, Socket, Success};
use channel_runtime::{channel, channels, message, timestamp};
use serde::{Deserialize, Serialize};
use warp::Filter;

#[channel("/user")]
pub struct UserChannel {
    #[extract]
    user: UserId,
    #[extract]
    device: Device,
}

#[message(type = "send_to_user")]
pub struct SendToUser {
    pub user_id: UserId,
    pub text: String,
}

#[message(type = "send_to_users")]
pub struct SendToUsers {
    pub user_ids: Vec<UserId>,
    pub text: String,
}

/// To everybody but the sender.
#[message(type = "broadcast")]
pub struct Broadcast {
    pub text: String,
}

/// Something said, as it reaches its readers.
#[message(type = "letter")]
pub struct Letter {
    pub from: UserId,
    /// Which of the sender's devices it was written on.
    pub device: Device,
    /// Nobody in particular, where it went to everybody.
    pub to: Vec<UserId>,
    pub text: String,
    pub timestamp: String,
}

/// To all devices of one person, when one of them comes or goes.
#[message(type = "devices")]
pub struct Devices {
    pub user_id: UserId,
    pub count: usize,
}

/// The answer to whoever sends: how many devices it went to.
#[derive(Serialize)]
pub struct Delivered {
    pub devices: usize,
}

#[channel(sends(Letter, Devices))]
impl UserChannel {
    /// What `socket.user(..)` finds: all connections that say the same here are one person's.
    fn identity(&self) -> &UserId {
        &self.user
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        self.count_devices(socket);
    }

    #[message]
    fn send_to_user(&mut self, m: SendToUser, socket: &Socket<Self>) -> Result<Success<Delivered>, Fault> {
        let letter = self.letter(vec![m.user_id], m.text)?;
        Ok(self.deliver(letter, socket))
    }

    #[message]
    fn send_to_users(&mut self, m: SendToUsers, socket: &Socket<Self>) -> Result<Success<Delivered>, Fault> {
        if m.user_ids.is_empty() || m.user_ids.len() > 100 {
            return Err(Fault::validation("A letter goes to one to a hundred people"));
        }
        let letter = self.letter(m.user_ids, m.text)?;
        Ok(self.deliver(letter, socket))
    }

    #[message]
    fn broadcast(&mut self, m: Broadcast, socket: &Socket<Self>) -> Result<Success<Delivered>, Fault> {
        let letter = self.letter(Vec::new(), m.text)?;
        let sent = socket.all().except_user(&self.user).send(letter);
        Ok(Success(Delivered { devices: sent.recipients }))
    }

    fn on_close(&mut self, _: Close, socket: &Socket<Self>) {
        self.count_devices(socket);
    }

    fn letter(&self, to: Vec<UserId>, text: String) -> Result<Letter, Fault> {
        match text.trim() {
            "" => Err(Fault::validation("A letter needs words")),
            text if text.chars().count() > 500 => Err(Fault::validation("A letter has at most 500 characters")),
            text => Ok(Letter {
                from: self.user.clone(),
                device: self.device.clone(),
                to,
                text: text.into(),
                timestamp: timestamp(),
            }),
        }
    }

    /// To the readers, and to the writer's other devices. An audience is a set: writing to oneself makes no second copy.
    fn deliver(&self, letter: Letter, socket: &Socket<Self>) -> Success<Delivered> {
        let people = letter.to.iter().chain([&self.user]);
        let sent = socket.users(people).except(socket.id()).send(letter);
        Success(Delivered { devices: sent.recipients })
    }

    fn count_devices(&self, socket: &Socket<Self>) {
        let mine = socket.user(&self.user);
        mine.send(Devices { user_id: self.user.clone(), count: mine.len() });
    }
}

/// A person's name: one to twenty letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UserId(String);

impl FromStr for UserId {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if !(1..=20).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("a name has one to twenty letters and digits");
        }
        Ok(Self(name.into()))
    }
}

impl TryFrom<String> for UserId {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<A: Sync> Extract<A> for UserId {
    /// Believes what the query says; the example `secure` asks for a token.
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("user").ok_or(Reject::unauthorized("Who are you?"))?;
        name.parse().map_err(Reject::bad_request)
    }
}

/// What the client calls the device it runs on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device(String);

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<A: Sync> Extract<A> for Device {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("device").unwrap_or("device".into());
        Ok(Self(name.chars().take(20).collect()))
    }
}

/// The channel and its page.
pub fn server() -> Server<()> {
    let page = warp::path::end().map(|| warp::reply::html(include_str!("pages/users.html")));
    channels![UserChannel].app(()).or(page)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
