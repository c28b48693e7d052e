use channel_runtime::{Fault, Socket, channel, message};

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
    fn join(&mut self, _socket: &Socket<Self>) -> Result<(), Fault> {
        Ok(())
    }

    fn handle_in(&mut self, _event: &str, say: Say, socket: &Socket<Self>) {
        socket.others().send(Said { text: say.text });
    }

    fn terminate(&mut self, _socket: &Socket<Self>) {}
}

fn main() {}
