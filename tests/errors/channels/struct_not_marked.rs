use channel_runtime::{Fault, Socket, channel, channels, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

struct Chat;

#[channel(sends(Said))]
impl Chat {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(Said { text: String::from("hello") });
    }

    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        socket.others().send(Said { text: say.text });
        Ok(())
    }
}

fn main() {
    channels![Chat].app(());
}
