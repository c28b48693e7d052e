//! Our channel, as the benchmark's servers have it.

use channel_runtime::{Config, Server, Socket, channel, channels, message};

/// Goes to everybody in the room.
#[message(type = "chat")]
struct Chat {
    text: String,
}

/// Is sent back.
#[message(type = "echo")]
struct Echo {
    id: u64,
    text: String,
}

#[channel("/ws/:room")]
struct ChatRoom {
    room: String,
}

#[channel(sends(Chat, Echo))]
impl ChatRoom {
    #[message]
    fn chat(&mut self, chat: Chat, socket: &Socket<Self>) {
        socket.room().send(chat);
    }

    #[message]
    fn echo(&mut self, echo: Echo) -> Echo {
        echo
    }
}

/// Without a bound on how often a client sends: the load is what is measured, not its refusal.
pub fn server() -> Server<()> {
    channels![ChatRoom].app(()).config(Config::default().message_rate(None))
}
