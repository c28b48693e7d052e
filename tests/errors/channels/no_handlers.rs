use channel_runtime::{Hub, channel, channels, message};

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat/:room")]
struct Chat {
    room: String,
}

fn say(chats: &Hub<Chat>) {
    chats.room(&Chat::room("lounge")).send(Said { text: String::from("hello") });
}

fn main() {
    channels![Chat].app(());
}
