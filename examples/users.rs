//! Sending to people rather than to connections: everybody may have several devices, and reads on each of them. What people
//! may do changes while they are connected: an HTTP route tells all their handlers.
//!
//! `cargo run --example users` and open the printed address: the page holds several devices of several people. Then
//! `curl --json '{"user_id":"ann","role":"reader"}' http://127.0.0.1:3030/role`, and Ann can write no more.

use std::env;
use std::fmt;
use std::str::FromStr;

use channel_runtime::{Close, Config, Extract, Fault, Handshake, Hub, Reject, Server, Socket, Success};
use channel_runtime::{channel, channels, message, timestamp};
use serde::{Deserialize, Serialize};
use warp::Filter;

use self::blank::is_blank;

#[path = "shared/blank.rs"]
mod blank;

#[channel("/user")]
pub struct UserChannel {
    #[extract]
    user: UserId,
    #[extract]
    device: Device,
    /// Everybody comes as a writer; an app with accounts would extract it.
    #[state]
    role: Role,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Writer,
    Reader,
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

/// To all devices of one person, when what they may do has changed.
#[message(type = "your_role")]
pub struct YourRole {
    pub role: Role,
}

/// What the route `POST /role` tells the handlers of one person's devices; clients can't say it.
#[derive(Clone)]
pub struct RoleChanged {
    pub role: Role,
}

/// The answer to whoever sends: how many devices it went to.
#[derive(Serialize)]
pub struct Delivered {
    pub devices: usize,
}

#[channel(sends(Letter, Devices, YourRole))]
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

    /// Between two messages of this device, so that no letter is written half as the one, half as the other.
    #[notice]
    fn role_changed(&mut self, n: RoleChanged) -> YourRole {
        self.role = n.role;
        YourRole { role: n.role }
    }

    fn on_close(&mut self, _: Close, socket: &Socket<Self>) {
        self.count_devices(socket);
    }

    fn letter(&self, to: Vec<UserId>, text: String) -> Result<Letter, Fault> {
        if self.role == Role::Reader {
            return Err(Fault::forbidden("You may read here, and not write"));
        }
        match text.trim() {
            text if is_blank(text) => Err(Fault::validation("A letter needs words")),
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

/// The body of `POST /role`.
#[derive(Deserialize)]
pub struct Order {
    pub user_id: UserId,
    pub role: Role,
}

/// What is not a channel: `POST /role` and the page. Whoever may come here is not asked; the example `secure` would.
pub fn routes(
    hub: Hub<UserChannel>,
) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone + Send + Sync + 'static {
    let body = warp::body::content_length_limit(1024).and(warp::body::json());
    let role = warp::path!("role").and(warp::post()).and(body).map(move |Order { user_id, role }| {
        let told = hub.user(&user_id).notify(RoleChanged { role });
        warp::reply::json(&Delivered { devices: told.recipients - told.refused })
    });
    let page = warp::path::end().map(|| warp::reply::html(include_str!("pages/users.html")));
    role.or(page)
}

/// The channel, the route and the page.
pub fn server() -> Server<()> {
    let channels = channels![UserChannel];
    let hub = channels.of::<UserChannel>();
    // Eight devices each; one more is answered 429.
    channels.app(()).config(Config::default().connections_per_user(8)).or(routes(hub))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
