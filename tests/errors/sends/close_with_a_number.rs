use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat/:room")]
struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        match say.text.as_str() {
            "bye" => socket.close(1000, "bye"),
            "kick me" => socket.close(4001, "kicked"),
            _ => socket.close(),
        }
    }
}

fn main() {}
