use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat;

impl Chat {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        _ = socket.room().len();
    }

    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.others().disconnect(channel_runtime::CloseCode::NORMAL, &say.text);
    }

    #[message(type = "leave")]
    fn leave(&mut self, socket: &Socket<Self>) {
        socket.close(channel_runtime::CloseCode::NORMAL, "bye");
    }
}

fn main() {}
