//! A chat: rooms by name, who is typing, how many are in the room, and what was said before.
//!
//! Run `cargo run --example chat`, open the printed address in two tabs, and chat. Any other WebSocket client can connect to
//! `/chat/general` and send `{"type":"chat_message","message":"hello"}`.

use std::env;

use channel_runtime::{Fault, Server, Socket, channel, channels, contract, message, timestamp};

use self::blank::is_blank;
use self::page::page;

#[path = "shared/blank.rs"]
pub mod blank;
#[path = "shared/page.rs"]
pub mod page;

// 200 lines for who comes back after a cut, and 50 for who comes anew. Who types is not among them, because that is volatile.
#[channel("/chat/:room_id", history(size = 200, age = "1h", recent = 50))]
pub struct ChatChannel {
    room_id: String,
    /// The state that was last sent to the others.
    #[state]
    typing: bool,
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

#[message(type = "user_joined")]
pub struct UserJoined {
    pub message: String,
    pub count: usize,
}

#[message(type = "user_left")]
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

/// Not for a client that is behind, which hears the next one. The page forgets after a while who has not been heard again.
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

#[message(type = "pong")]
pub struct Pong {
    pub timestamp: String,
}

#[channel(sends(System, UserJoined, UserLeft, ChatLine, UserTyping, UserStoppedTyping, Pong))]
impl ChatChannel {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(System {
            message: format!("Welcome to room {}", self.room_id),
            user_id: user_id(socket),
            count: socket.room().len(),
            timestamp: timestamp(),
        });
        // Counted under the room's lock: if many join at once, nobody receives the count 5 before 4.
        socket.others().send_with(|room| UserJoined { message: "A user joined the room".into(), count: room.len() });
    }

    #[message]
    fn say(&mut self, said: ChatMessage, socket: &Socket<Self>) -> Result<(), Fault> {
        socket.room().send(said.line(user_id(socket))?);
        Ok(())
    }

    #[message(type = "typing_start")]
    fn typing_start(&mut self, socket: &Socket<Self>) {
        self.typing = true;
        socket.others().send(UserTyping { user_id: user_id(socket), timestamp: timestamp() });
    }

    #[message(type = "typing_stop")]
    fn typing_stop(&mut self, socket: &Socket<Self>) {
        self.typing = false;
        socket.others().send(UserStoppedTyping { user_id: user_id(socket), timestamp: timestamp() });
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

/// There is no login here: a user is a connection.
pub fn user_id<C: 'static>(socket: &Socket<C>) -> String {
    format!("user_{}", socket.id())
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
