use channel_runtime::{Socket, channel, message};

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat/:name")]
struct Chat {
    name: String,
}

#[channel(sends(Said))]
impl Chat {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(type = "say")]
    fn say(&self, socket: &Socket<Self>) {
        socket.send("bob", Said { text: "hello".into() });
        socket.user("bob", Said { text: "hello".into() });
        socket.others(Said { text: "hello".into() });
    }
}

fn main() {}
