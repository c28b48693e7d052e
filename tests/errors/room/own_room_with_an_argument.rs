use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    to: String,
}

#[message(type = "said")]
struct Said {}

#[channel("/chat/:room")]
struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room(&say.to).send(Said {});
        socket.room(&Chat::room(&say.to)).send(Said {});
    }
}

fn main() {}
