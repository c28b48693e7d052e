use channel_runtime::{channel, message};

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
    async fn write_to(&mut self, user: String, text: String) {}
}

fn main() {}
