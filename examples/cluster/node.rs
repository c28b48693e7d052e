//! One node: the chat, whose counts are those of all nodes.

use std::env;
use std::error::Error;
use std::time::Duration;

use channel_runtime::{
    Channels, Config, Fault, Nats, Ops, OpsToken, Proxies, Redis, Socket, Unlinked, channel, channels, timestamp,
};

use crate::chat::page::page;
use crate::chat::{ChatLine, ChatMessage, Pong, System, UserJoined, UserLeft, UserStoppedTyping, UserTyping};
use crate::chat::{Guest, Look, Quiet, Seen, TYPING};

// Each node has a history of its own: who comes back to another node is told so, and is sent the newest of that one. And each tells who
// is present on it.
#[channel(
    "/chat/:room_id", app = Node, history(size = 200, age = "1h", recent = 50), presence(Seen, grace = "5s"), each_node
)]
pub struct Chat {
    room_id: String,
    #[extract]
    guest: Guest,
    #[state]
    typing: bool,
    #[state]
    away: bool,
}

pub struct Node {
    pub number: String,
}

#[channel(sends(System, UserJoined, UserLeft, ChatLine, UserTyping, UserStoppedTyping, Pong))]
impl Chat {
    fn identity(&self) -> Option<&String> {
        self.guest.name.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { away: self.away }
    }

    async fn on_connect(&mut self, socket: &Socket<Self>, app: &Node) {
        // A node that was just killed is missing in it for a moment.
        let count = socket.room().everywhere().len().await.value;
        socket.send(System {
            message: format!("Welcome to room {} on node {}", self.room_id, app.number),
            user_id: self.guest.id(socket),
            count,
            timestamp: timestamp(),
        });
        let message = format!("A user joined the room on node {}", app.number);
        socket.others().send(UserJoined { message, count });
    }

    #[message]
    fn say(&mut self, said: ChatMessage, socket: &Socket<Self>) -> Result<(), Fault> {
        socket.room().send(said.line(self.guest.id(socket))?);
        Ok(())
    }

    #[message(type = "typing_start")]
    fn typing_start(&mut self, socket: &Socket<Self>) {
        self.typing = true;
        socket.others().send(UserTyping { user_id: self.guest.id(socket), timestamp: timestamp() });
        socket.notify_after(TYPING, Quiet);
    }

    #[message(type = "typing_stop")]
    fn typing_stop(&mut self, socket: &Socket<Self>) {
        self.typing = false;
        socket.others().send(UserStoppedTyping { user_id: self.guest.id(socket), timestamp: timestamp() });
    }

    #[notice(here)]
    fn quiet(&mut self, _: Quiet, socket: &Socket<Self>) {
        if self.typing {
            self.typing_stop(socket);
        }
    }

    #[message]
    fn look(&mut self, look: Look, socket: &Socket<Self>) {
        self.away = look.away;
        socket.presence_changed();
    }

    #[message(type = "ping")]
    fn ping(&mut self) -> Pong {
        Pong { timestamp: timestamp() }
    }

    async fn on_close(&mut self, socket: &Socket<Self>, app: &Node) {
        if self.typing {
            self.typing_stop(socket);
        }
        let count = socket.room().everywhere().len().await.value;
        socket.room().send(UserLeft { message: format!("A user left the room on node {}", app.number), count });
    }
}

/// Its wire is that of the example `chat`, and so is its client.
pub fn list() -> Channels<Node, Unlinked> {
    channels![Chat; cluster, client = "examples/pages/chat.js"]
}

pub async fn serve(number: &str, addr: &str, bus: &str) -> Result<(), Box<dyn Error>> {
    let channels: Channels<Node> = match bus {
        redis if redis.starts_with("redis") => list().over(Redis::at(redis).name("chat")).await?,
        nats => list().over(Nats::at(nats).name("chat")).await?,
    };
    let page = page(include_str!("../pages/chat.html"), include_str!("../pages/chat.js").into());
    let server = channels.app(Node { number: number.into() }).or(page).config(config()?);
    let bound = match env::var("CLUSTER_OPS") {
        Ok(ops) => server.ops(ops, self::ops()?).bind(addr).await?,
        Err(_) => server.bind(addr).await?,
    };
    println!("node {number} listens on http://{}", bound.local_addr());
    if let Some(ops) = bound.ops_addr() {
        println!("node {number} answers operators on http://{ops}");
    }
    bound.run().await?;
    Ok(())
}

/// `DRAIN_DELAY` in seconds, and the networks of `PROXIES` with commas between them, as `deploy/` sets them.
fn config() -> Result<Config, Box<dyn Error>> {
    let mut config = Config::default();
    if let Ok(seconds) = env::var("DRAIN_DELAY") {
        config = config.drain_delay(Duration::from_secs(seconds.parse()?));
    }
    if let Ok(proxies) = env::var("PROXIES") {
        config = config.proxies(Proxies::x_forwarded(proxies.split(','))?);
    }
    Ok(config)
}

fn ops() -> Result<Ops, Box<dyn Error>> {
    let ops = Ops::new().metrics();
    Ok(match env::var("PUBLISH_TOKEN") {
        Ok(_) => ops.publish(OpsToken::from_env("PUBLISH_TOKEN")?),
        Err(_) => ops,
    })
}
