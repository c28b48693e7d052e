//! Notifications, pushed from outside to one user, to several or to all, on every device.
//!
//! The channel has all hooks of a connection, those for binary messages and pings included, except the ones for tokens that expire:
//! those are in the example `secure`. Each hook that runs is reported to its user. Run `cargo run --example notifications`, open
//! the printed address in two tabs, and push from the page or from a shell:
//!
//! ```text
//! curl --json '{"to":["ann","bob"],"text":"Lunch is ready"}' http://127.0.0.1:3030/notify
//! ```

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use channel_runtime::describe::{Describe, Needs};
use channel_runtime::{Close, Config, DecodeError, Extract, Fault, Handshake, Hub, Reject, Server, Socket};
use channel_runtime::{channel, channels, message, timestamp};
use serde::{Deserialize, Serialize};
use warp::http::StatusCode;
use warp::{Filter, Reply, reply};

use self::blank::is_blank;
use self::client::client;
use self::page::page;

#[path = "shared/blank.rs"]
mod blank;
#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: notifications go to users and not to a room, and who connects is sent the whole inbox.
#[channel("/notifications", app = App)]
pub struct NotificationChannel {
    #[extract]
    user: UserName,
    /// How many pings this connection has sent so far.
    #[state]
    pings: u32,
}

/// Sent to a client that connects: all notifications for its user. A binary message follows, the [`Bitmap`] of those that were
/// read.
#[message(type = "inbox")]
pub struct Inbox {
    pub notifications: Vec<Notification>,
}

#[message(type = "notification")]
#[derive(Clone, Describe)]
pub struct Notification {
    /// 0, 1, 2 and so on; a client that receives a notification twice recognizes it by its id.
    pub id: u32,
    pub text: String,
    pub timestamp: String,
}

/// Sent to all devices of a user when a hook ran on one of them.
#[message(type = "activity")]
pub struct Activity {
    pub hook: String,
    pub detail: String,
}

#[channel(sends(Inbox, Notification, Activity, Bytes))]
impl NotificationChannel {
    /// Runs before the upgrade and decides whether it happens. Don't count a user's devices here: two that connect at once would
    /// see the same count. `server` sets a bound instead.
    fn authorize(&self) -> Result<(), Reject> {
        if self.user.0 == "nobody" {
            return Err(Reject::forbidden("Nobody has no inbox"));
        }
        Ok(())
    }

    /// The user of this connection, read before `authorize`.
    fn identity(&self) -> &UserName {
        &self.user
    }

    /// Runs first. What others send meanwhile waits until it has returned.
    fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        let store = app.store();
        socket.send(Inbox { notifications: store.of(&self.user) });
        socket.send_bytes(store.read_by(&self.user));
        self.tell(socket, "on_connect", format!("devices: {}", socket.user(&self.user).len()));
    }

    /// A binary message: the bitmap of what was read on this device. All devices of the user receive the complete bitmap.
    fn on_binary(&mut self, bitmap: Bytes, socket: &Socket<Self>, app: &App) -> Result<(), Fault> {
        let all = app.store().mark_read(&self.user, &bitmap)?;
        socket.user(&self.user).send_bytes(all);
        self.tell(socket, "on_binary", format!("bytes: {}", bitmap.len()));
        Ok(())
    }

    /// The server has already sent the pong. Browsers never ping, but many other clients do.
    fn on_ping(&mut self, data: Bytes, socket: &Socket<Self>) {
        self.pings += 1;
        self.tell(socket, "on_ping", format!("number {}, bytes: {}", self.pings, data.len()));
    }

    /// The answer to a ping of the server, or an unsolicited pong: a heartbeat in one direction.
    fn on_pong(&mut self, data: Bytes, socket: &Socket<Self>) {
        self.tell(socket, "on_pong", format!("bytes: {}", data.len()));
    }

    /// A text that is not JSON or not a message of this channel, which has none. The returned `Fault` is sent instead of the usual
    /// one.
    fn on_invalid(&mut self, error: DecodeError, socket: &Socket<Self>) -> Fault {
        self.tell(socket, "on_invalid", error.to_string());
        Fault::new("notifications.listen", "This channel only listens to binary messages")
    }

    /// Runs once, however the connection ended. It reports to the other devices only, because this one is gone.
    fn on_close(&mut self, close: Close, socket: &Socket<Self>) {
        self.tell(socket, "on_close", close.to_string());
    }

    fn tell(&self, socket: &Socket<Self>, hook: &str, detail: String) {
        socket.user(&self.user).send(Activity { hook: hook.into(), detail });
    }
}

pub struct App {
    hub: Hub<NotificationChannel>,
    store: Mutex<Store>,
}

impl App {
    fn new(hub: Hub<NotificationChannel>) -> Self {
        Self { hub, store: Mutex::default() }
    }

    /// Stores a notification for all its recipients, and pushes it to those who are connected.
    pub fn notify(&self, order: Order) -> Receipt {
        // Stored before it is sent: a client that connects in between receives it twice rather than never. Sent under the lock, so
        // that all clients receive the ids in order.
        let mut store = self.store();
        let notification = store.add(order.to.clone(), order.text);
        let id = notification.id;
        let sent = match &order.to {
            To::Everyone(_) => self.hub.all().send(notification),
            To::One(user) => self.hub.user(user).send(notification),
            To::Several(users) => self.hub.users(users).send(notification),
        };
        Receipt { id, devices: sent.recipients }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic while the lock is held leaves nothing half done.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands in for a database.
#[derive(Default)]
struct Store {
    notifications: Vec<(To, Notification)>,
    read: HashMap<UserName, Bitmap>,
}

/// Bit `n % 8` of byte `n / 8` stands for the notification `n`.
type Bitmap = Vec<u8>;

impl Store {
    fn add(&mut self, to: To, text: String) -> Notification {
        let id = self.notifications.len() as u32;
        let notification = Notification { id, text, timestamp: timestamp() };
        self.notifications.push((to, notification.clone()));
        notification
    }

    fn of(&self, user: &UserName) -> Vec<Notification> {
        let theirs = self.notifications.iter().filter(|(to, _)| to.includes(user));
        theirs.map(|(_, notification)| notification.clone()).collect()
    }

    fn read_by(&self, user: &UserName) -> Bytes {
        self.read.get(user).cloned().unwrap_or_default().into()
    }

    /// Adds to what the user has read, and returns all of it.
    fn mark_read(&mut self, user: &UserName, more: &[u8]) -> Result<Bytes, Fault> {
        if more.len() > self.notifications.len().div_ceil(8) {
            return Err(Fault::validation("There are not that many notifications"));
        }
        let read = self.read.entry(user.clone()).or_default();
        read.resize(read.len().max(more.len()), 0);
        read.iter_mut().zip(more).for_each(|(byte, more)| *byte |= more);
        Ok(read.clone().into())
    }
}

/// The body of `POST /notify`.
#[derive(Deserialize)]
pub struct Order {
    pub to: To,
    pub text: String,
}

/// The recipients of a notification: `"all"`, `"ann"` or `["ann", "bob"]`.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum To {
    Everyone(All),
    One(UserName),
    Several(Vec<UserName>),
}

/// The word `"all"`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    All,
}

impl To {
    fn includes(&self, user: &UserName) -> bool {
        match self {
            Self::Everyone(_) => true,
            Self::One(one) => one == user,
            Self::Several(several) => several.contains(user),
        }
    }
}

/// The answer to `POST /notify`.
#[derive(Serialize)]
pub struct Receipt {
    pub id: u32,
    /// How many devices it was pushed to; other devices find it in their inbox.
    pub devices: usize,
}

/// One to twenty letters and digits, but not `all`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct UserName(String);

impl FromStr for UserName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if !(1..=20).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("a name has one to twenty letters and digits");
        }
        if name == "all" {
            return Err("nobody is called `all`");
        }
        Ok(Self(name.into()))
    }
}

impl TryFrom<String> for UserName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<A: Sync> Extract<A> for UserName {
    /// A generated client asks for it.
    const NEEDS: Needs = Needs::query("user");

    /// Trusts the query; the example `secure` requires a token.
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("user").ok_or(Reject::unauthorized("Unauthorized"))?;
        name.parse().map_err(Reject::bad_request)
    }
}

/// The routes beside the channel: `POST /notify` and the page.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl Reply,), Error = warp::Rejection> + Clone {
    let body = warp::body::content_length_limit(4096).and(warp::body::json());
    warp::path!("notify").and(warp::post()).and(body).map(move |order: Order| {
        if is_blank(&order.text) {
            return reply::with_status("A notification needs words", StatusCode::UNPROCESSABLE_ENTITY).into_response();
        }
        reply::with_status(reply::json(&app.notify(order)), StatusCode::ACCEPTED).into_response()
    })
}

/// The app, which can push notifications, and its server.
pub fn server() -> (Arc<App>, Server<App>) {
    let channels = channels![NotificationChannel];
    let app = Arc::new(App::new(channels.of::<NotificationChannel>()));
    // A ninth connection is answered 429.
    let config = Config::default().connections_per_user(8);
    let server = channels.app_arc(app.clone()).config(config);
    let page = page(include_str!("pages/notifications.html"), client(&server.describe()));
    let server = server.or(routes(app.clone()).or(page));
    (app, server)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let (_, server) = server();
    let bound = server.bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
