use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {}

#[message(type = "said")]
struct Said {}

#[channel("/chat", sends(Said))]
struct Chat;

#[channel]
impl Chat {
    #[message]
    fn say(&mut self, _: Say, socket: &Socket<Self>) -> Said {
        socket.room().send(Said {});
        Said {}
    }
}

fn main() {}
