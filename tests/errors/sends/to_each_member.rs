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
    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        for member in socket.others() {
            member.send(Said { text: say.text.clone() });
        }
    }
}

fn main() {}
