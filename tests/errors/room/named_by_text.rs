use channel_runtime::{Hub, channel, message};

#[message(type = "said")]
struct Said {}

#[channel("/chat/:room")]
struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {}

fn announce(chat: &Hub<Chat>) {
    chat.room("lounge").send(Said {});
}

fn main() {}
