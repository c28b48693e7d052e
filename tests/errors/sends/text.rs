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
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send("hello");
        socket.room().send(format!("here is {}", self.room));
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.others().send(Said { text: say.text });
    }
}

fn main() {}
