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
    fn on_message(&mut self, _text: String) {}

    fn on_event(&mut self, _event: &str, _socket: &Socket<Self>) {}

    async fn on_join(&mut self, socket: &Socket<Self>) {
        socket.others().send(Said { text: "here".into() });
    }

    fn on_leave(&mut self) {}

    #[message]
    fn say(&mut self, _: Say) {}
}

fn main() {}
