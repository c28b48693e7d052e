//! A chat: rooms by name, who is here and who is typing, and what was said before.
//!
//! Run `cargo run --example chat`, open the printed address in two tabs, and chat. A tab with `?name=Ann` in its address is Ann's, and all
//! tabs with one name are one user. Any other WebSocket client can connect to `/chat/general` and send
//! `{"type":"chat_message","message":"hello"}`.

use std::env;
use std::time::Duration;

use channel_runtime::describe::{Describe, Needs};
use channel_runtime::{
    ConnectionId, Extract, Fault, Handshake, Reject, Server, Socket, channel, channels, contract, message, timestamp,
};
use serde::Serialize;

use self::blank::is_blank;
use self::page::page;

#[path = "shared/blank.rs"]
pub mod blank;
#[path = "shared/page.rs"]
pub mod page;

// 200 lines for who comes back after a cut, and 50 for who comes anew. Who comes, goes and types is not among them, because that is
// volatile. A user whose connection is lost, or who reloads the page, stays present for 5 seconds.
#[channel("/chat/:room_id", history(size = 200, age = "1h", recent = 50), presence(Seen, grace = "5s"))]
pub struct ChatChannel {
    room_id: String,
    #[extract]
    guest: Guest,
    /// The state that was last sent to the others.
    #[state]
    typing: bool,
    /// Nobody looks at the page.
    #[state]
    away: bool,
}

/// What the others see of each tab of a user.
#[derive(Clone, PartialEq, Serialize, Describe)]
pub struct Seen {
    pub away: bool,
}

/// The first message to everyone who connects.
#[message(type = "system")]
pub struct System {
    pub message: String,
    /// The client's own id, by which it recognizes its own lines.
    pub user_id: String,
    pub count: usize,
    pub timestamp: String,
}

/// Not kept for who comes later: the next count replaces it, and the welcome has one.
#[message(type = "user_joined", volatile)]
pub struct UserJoined {
    pub message: String,
    pub count: usize,
}

#[message(type = "user_left", volatile)]
pub struct UserLeft {
    pub message: String,
    pub count: usize,
}

/// What a client sends ..
#[message(type = "chat_message")]
pub struct ChatMessage {
    pub message: String,
}

impl ChatMessage {
    /// The longest message, in characters.
    const MAX_LEN: usize = 1000;

    /// What the room receives, if it is neither too long nor empty.
    pub fn line(self, user_id: String) -> Result<ChatLine, Fault> {
        if self.message.chars().count() > Self::MAX_LEN {
            return Err(Fault::validation("Message too long"));
        }
        if is_blank(&self.message) {
            return Err(Fault::validation("Message cannot be empty"));
        }
        Ok(ChatLine { message: self.message, user_id, timestamp: timestamp() })
    }
}

/// .. and what the room receives. Two structs may share a wire type if one is received and the other sent.
#[message(type = "chat_message")]
pub struct ChatLine {
    pub message: String,
    pub user_id: String,
    pub timestamp: String,
}

/// Not for a client that is behind, which hears the next one.
#[message(type = "user_typing", volatile)]
pub struct UserTyping {
    pub user_id: String,
    pub timestamp: String,
}

#[message(type = "user_stopped_typing", volatile)]
pub struct UserStoppedTyping {
    pub user_id: String,
    pub timestamp: String,
}

/// The page was hidden, or is shown again.
#[message(type = "look")]
pub struct Look {
    pub away: bool,
}

/// A notice of the server's to itself: nothing was typed for a while.
pub struct Quiet;

/// For how long somebody is typing who does not say it again.
pub const TYPING: Duration = Duration::from_secs(5);

#[message(type = "pong")]
pub struct Pong {
    pub timestamp: String,
}

#[channel(sends(System, UserJoined, UserLeft, ChatLine, UserTyping, UserStoppedTyping, Pong))]
impl ChatChannel {
    fn identity(&self) -> Option<&String> {
        self.guest.name.as_ref()
    }

    fn presence(&self) -> Seen {
        Seen { away: self.away }
    }

    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(System {
            message: format!("Welcome to room {}", self.room_id),
            user_id: self.guest.id(socket),
            count: socket.room().len(),
            timestamp: timestamp(),
        });
        // Counted under the room's lock: if many join at once, nobody receives the count 5 before 4.
        socket.others().send_with(|room| UserJoined { message: "A user joined the room".into(), count: room.len() });
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
        // Said again, it begins anew.
        socket.notify_after(TYPING, Quiet);
    }

    #[message(type = "typing_stop")]
    fn typing_stop(&mut self, socket: &Socket<Self>) {
        self.typing = false;
        socket.others().send(UserStoppedTyping { user_id: self.guest.id(socket), timestamp: timestamp() });
    }

    #[notice]
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

    /// What a handler returns is the answer to the sender.
    #[message(type = "ping")]
    fn ping(&mut self) -> Pong {
        Pong { timestamp: timestamp() }
    }

    fn on_close(&mut self, socket: &Socket<Self>) {
        if self.typing {
            self.typing_stop(socket);
        }
        socket.room().send_with(|room| UserLeft { message: "A user left the room".into(), count: room.len() });
    }
}

/// There is no login here: whoever has a name is believed, and who has none is a connection. The example `secure` asks for a token.
pub struct Guest {
    pub name: Option<String>,
}

impl Guest {
    /// The longest name, in characters.
    const MAX_LEN: usize = 40;

    pub fn id<C: 'static>(&self, socket: &Socket<C>) -> String {
        self.name.clone().unwrap_or_else(|| format!("user_{}", socket.id()))
    }
}

impl<A: Sync> Extract<A> for Guest {
    const NEEDS: Needs = Needs::query("name").optional();

    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("name").map(|name| name.trim().to_owned());
        match &name {
            Some(name) if is_blank(name) => Err(Reject::bad_request("A name can't be empty")),
            Some(name) if name.chars().count() > Self::MAX_LEN => Err(Reject::bad_request("This name is too long")),
            // Those without a name are called so.
            Some(name) if name.starts_with("user_") => Err(Reject::bad_request("A name can't begin with `user_`")),
            // By this they are present.
            Some(name) if is_id(name) => Err(Reject::bad_request("A name can't be the id of a connection")),
            _ => Ok(Self { name }),
        }
    }
}

fn is_id(name: &str) -> bool {
    name.parse::<ConnectionId>().is_ok_and(|id| id.to_string() == name)
}

/// The channel, the page at `/`, and at `/channels` one that shows the channel's messages and sends them by forms.
pub fn server() -> Server<()> {
    let page = page(include_str!("pages/chat.html"), include_str!("pages/chat.js").into());
    let server = channels![ChatChannel; client = "examples/pages/chat.js"].app(());
    let contract = contract::page(&server);
    server.or(page).or(contract)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    // Logs the address, refused connections and errors.
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
