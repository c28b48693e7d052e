//! Sending to users rather than to connections: a user may have several devices, and receives messages on each of them. A user's
//! role can change while they are connected: an HTTP route sends a notice to the handlers of all their devices. A call rings on all
//! devices of a user, as a question that one of them accepts, or nobody within five seconds.
//!
//! Run `cargo run --example users` and open the printed address: the page has several devices of several users. Then run
//! `curl --json '{"user_id":"ann","role":"reader"}' http://127.0.0.1:3030/role`, and Ann can't write any more.

use std::env;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use channel_runtime::describe::{Describe, Needs};
use channel_runtime::{Close, Config, Deferred, Extract, Fault, Handshake, Hub, Reject, Server, Socket, Success};
use channel_runtime::{channel, channels, message, timestamp};
use serde::{Deserialize, Serialize};
use warp::Filter;

use self::blank::is_blank;
use self::client::client;
use self::page::page;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: letters go to users, and a history is what was sent to a room.
#[channel("/user")]
pub struct UserChannel {
    #[extract]
    user: UserId,
    #[extract]
    device: Device,
    /// Every connection starts as a writer; an app with accounts would extract the role.
    #[state]
    role: Role,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Describe)]
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

/// Rings on all devices of a user.
#[message(type = "call", rate = "2/s")]
pub struct Call {
    pub user_id: UserId,
}

/// A call, as a question to each device of who is called.
#[message(type = "ring", answer = Picked)]
pub struct Ring {
    pub from: UserId,
}

/// What a device answers to a call.
#[derive(Deserialize, Describe)]
pub struct Picked {
    pub accepts: bool,
}

/// Sent to the devices that a call rang on, when it rings no more.
#[message(type = "rang")]
pub struct Rang {
    pub from: UserId,
}

/// How long a call rings.
const RINGS: Duration = Duration::from_secs(5);

/// A letter, as its readers receive it.
#[message(type = "letter")]
pub struct Letter {
    pub from: UserId,
    /// The sender's device on which it was written.
    pub device: Device,
    /// Empty if it was sent to everybody.
    pub to: Vec<UserId>,
    pub text: String,
    pub timestamp: String,
}

/// Sent to all devices of a user when one of them connects or disconnects.
#[message(type = "devices")]
pub struct Devices {
    pub user_id: UserId,
    pub count: usize,
}

/// Sent to all devices of a user when the user's role has changed.
#[message(type = "your_role")]
pub struct YourRole {
    pub role: Role,
}

/// The notice that the route `POST /role` sends to the handlers of a user's devices; clients can't send it.
#[derive(Clone)]
pub struct RoleChanged {
    pub role: Role,
}

/// The answer to the sender: how many devices the letter was sent to.
#[derive(Serialize, Describe)]
pub struct Delivered {
    pub devices: usize,
}

/// The answer to the caller.
#[derive(Serialize, Describe)]
pub struct Called {
    /// How many devices it rang on.
    pub devices: usize,
    pub outcome: CallOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Describe)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    Accepted,
    Declined,
    /// Nobody picked up in time, or nobody is there.
    Missed,
}

#[channel(sends(Letter, Devices, YourRole, Ring, Rang))]
impl UserChannel {
    /// What `socket.user(..)` finds: all connections that return the same value here belong to one user.
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

    /// The first device that answers decides. In a task, so that the caller may write letters meanwhile.
    #[message]
    fn call(&mut self, m: Call, socket: &Socket<Self>) -> Deferred<Success<Called>> {
        let (answer, deferred) = socket.defer().typed();
        let called = socket.user(&m.user_id).except(socket.id());
        let (from, devices) = (self.user.clone(), called.len());
        let mut picks = called.ask(Ring { from: from.clone() }).within(RINGS).each();
        tokio::spawn(async move {
            let mut outcome = CallOutcome::Missed;
            while let Some((_, pick)) = picks.next().await {
                if let Ok(Picked { accepts }) = pick {
                    outcome = if accepts { CallOutcome::Accepted } else { CallOutcome::Declined };
                    break;
                }
            }
            called.send(Rang { from });
            answer.send(Success(Called { devices, outcome }));
        });
        deferred
    }

    /// Runs between two messages of this device, so the role never changes while a letter is handled.
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

    /// Sends to the readers and to the writer's other devices. An audience is a set: a user who writes to themselves gets one copy.
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

/// A user's name: one to twenty letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Describe)]
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
    /// A generated client asks for it.
    const NEEDS: Needs = Needs::query("user");

    /// Trusts the query; the example `secure` requires a token.
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("user").ok_or(Reject::unauthorized("Who are you?"))?;
        name.parse().map_err(Reject::bad_request)
    }
}

/// The client's name for its device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Device(String);

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<A: Sync> Extract<A> for Device {
    const NEEDS: Needs = Needs::query("device").optional();

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

/// The routes beside the channel: `POST /role` and the page. Anybody may use them; an app would check, as the example `secure`
/// does.
pub fn routes(
    hub: Hub<UserChannel>,
) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone + Send + Sync + 'static {
    let body = warp::body::content_length_limit(1024).and(warp::body::json());
    warp::path!("role").and(warp::post()).and(body).map(move |Order { user_id, role }| {
        let told = hub.user(&user_id).notify(RoleChanged { role });
        warp::reply::json(&Delivered { devices: told.recipients - told.refused })
    })
}

/// The channel, the route and the page.
pub fn server() -> Server<()> {
    let channels = channels![UserChannel];
    let hub = channels.of::<UserChannel>();
    // Eight devices per user; a ninth is answered 429.
    let server = channels.app(()).config(Config::default().connections_per_user(8));
    let page = page(include_str!("pages/users.html"), client(&server.describe()));
    server.or(routes(hub).or(page))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
