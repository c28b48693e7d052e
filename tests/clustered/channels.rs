//! The channels of the tests of a cluster.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use channel_runtime::envelope::Phoenix;
use channel_runtime::testing::Client;
use channel_runtime::{
    Channels, ConnectionId, Extract, Handshake, Hub, Reject, Server, Socket, Unlinked, Users, channel, channels,
    message,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

#[message(type = "say")]
pub struct Say {
    pub to: String,
    pub text: String,
}

#[message(type = "said")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub text: String,
}

#[message(type = "tick", latest(key = symbol))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    pub symbol: String,
    pub n: u32,
}

#[message(type = "me")]
pub struct Me {
    id: String,
}

/// A notice that crosses.
#[derive(Clone, Serialize, Deserialize)]
pub struct Promoted {
    pub to: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UserId(pub String);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

pub fn user(name: &str) -> UserId {
    UserId(name.to_owned())
}

impl Extract<App> for UserId {
    async fn extract(handshake: &Handshake, _: &App) -> Result<Self, Reject> {
        handshake.query_param("user").map(UserId).ok_or_else(|| Reject::absent("who are you?"))
    }
}

/// Whether it waits at the door. With `reading` it waits before, until the test opens.
pub struct Slow(bool);

impl Extract<App> for Slow {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        if handshake.query_param("reading").is_some() {
            app.wait().await;
        }
        Ok(Self(handshake.query_param("slow").is_some()))
    }
}

/// A room that clients join.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Symbol(pub &'static str);

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

pub struct App {
    pub door: Notify,
    pub waits: mpsc::UnboundedSender<()>,
}

impl App {
    async fn wait(&self) {
        // A test that has ended is not told any more.
        let _ = self.waits.send(());
        self.door.notified().await;
    }
}

#[channel("/hall/:name", app = App, rooms(Symbol))]
pub struct Hall {
    name: String,
    #[extract]
    user: Option<UserId>,
}

#[channel(sends(Said, Me, Tick))]
impl Hall {
    fn identity(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    fn on_connect(&self, socket: &Socket<Self>) -> Me {
        Me { id: socket.id().to_string() }
    }

    #[message]
    fn say(&self, Say { to, text }: Say, socket: &Socket<Self>) {
        let said = Said { text };
        match to.as_str() {
            "room" => socket.room().send(said),
            "others" => socket.others().send(said),
            "all" => socket.all().send(said),
            "counted" => socket.room().send_with(|room| Said { text: format!("{} here: {}", room.len(), said.text) }),
            user => socket.user(&UserId(user.to_owned())).send(said),
        };
    }

    #[message(type = "join")]
    fn join(&self, socket: &Socket<Self>) {
        socket.join(&Symbol("acme"));
        socket.join(&Symbol("zeta"));
    }

    #[notice]
    fn promoted(&self, promoted: Promoted, socket: &Socket<Self>) {
        socket.send(Said { text: format!("promoted to {}", promoted.to) });
        socket.room().send(Said { text: format!("{} has a promotion", self.name) });
    }
}

/// Another channel with the same users.
#[channel("/lobby", app = App)]
pub struct Lobby {
    #[extract]
    user: UserId,
    #[extract]
    slow: Slow,
}

#[channel(sends(Said))]
impl Lobby {
    fn identity(&self) -> &UserId {
        &self.user
    }

    /// Who comes in with `slow` waits until the test opens the door.
    async fn authorize(&self, app: &App) -> Result<(), Reject> {
        if self.slow.0 {
            app.wait().await;
        }
        Ok(())
    }
}

/// A channel in whose envelope each message has its topic.
#[channel("/topic/:_id/websocket", app = App)]
pub struct Topic {
    _id: u64,
}

#[channel(sends(Said), envelope = Phoenix)]
impl Topic {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.all().send(Said { text: say.text });
    }
}

pub fn list() -> Channels<App, Unlinked> {
    channels![Hall, Lobby, Topic; cluster]
}

/// What the test has of one node, beside its clients.
pub struct Node {
    pub app: Arc<App>,
    pub halls: Hub<Hall>,
    pub lobbies: Hub<Lobby>,
    pub topics: Hub<Topic>,
    pub users: Users,
    pub bus: channel_runtime::Bus,
    pub waits: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
}

pub fn server(channels: Channels<App>) -> (Server<App>, Node) {
    let (waits, waiting) = mpsc::unbounded_channel();
    let app = Arc::new(App { door: Notify::new(), waits });
    let node = Node {
        app: app.clone(),
        halls: channels.of::<Hall>(),
        lobbies: channels.of::<Lobby>(),
        topics: channels.of::<Topic>(),
        users: channels.users(),
        bus: channels.bus().unwrap(),
        waits: waiting.into(),
    };
    (channels.app_arc(app), node)
}

/// What a client has received since the last time, without its envelope: the texts of what was said.
pub fn heard<C: channel_runtime::Channel>(client: &mut Client<C>) -> Vec<String> {
    let text = |text: String| {
        let json: Value = serde_json::from_str(&text).unwrap();
        json["text"].as_str().unwrap_or(&text).to_owned()
    };
    client.take_texts().into_iter().map(text).collect()
}

/// The newest values that a client has received since the last time, each as `symbol n`. What else it has heard is passed over.
pub fn ticks(client: &mut Client<Hall>) -> Vec<String> {
    let tick = |text: String| {
        let json: Value = serde_json::from_str(&text).unwrap();
        (json["type"] == "tick").then(|| format!("{} {}", json["symbol"].as_str().unwrap(), json["n"]))
    };
    client.take_texts().into_iter().filter_map(tick).collect()
}

/// The client's connection; it heard that first.
pub async fn id(client: &mut Client<Hall>) -> ConnectionId {
    client.expect::<Me>().await.id.parse().unwrap()
}
