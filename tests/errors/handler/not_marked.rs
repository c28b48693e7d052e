use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    async fn say(&mut self, say: Say, socket: &Socket<Self>) {
        _ = (say.text, socket);
    }
}

fn main() {}
