use channel_runtime::{Socket, channel, channels, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat")]
struct Chat;

impl Chat {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.room().send_with(|room| Said { text: room.len().to_string() });
    }

    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.others().send(Said { text: say.text });
    }

    #[message(type = "leave")]
    fn leave(&mut self, socket: &Socket<Self>) {
        socket.close(channel_runtime::CloseCode::NORMAL, "bye");
    }
}

fn main() {
    channels![Chat].app(());
}
