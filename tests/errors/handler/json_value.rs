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

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, _m: serde_json::Value, _socket: &Socket<Self>) {}
}

fn main() {}
