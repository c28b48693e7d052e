use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, socket: &Socket) {
        socket.close(channel_runtime::CloseCode::NORMAL, &say.text);
    }

    fn on_connect(&mut self, socket: &channel_runtime::Socket) {
        _ = socket.id();
    }
}

fn main() {}
