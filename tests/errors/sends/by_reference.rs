use channel_runtime::{Socket, channel, message};

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel(sends(Said))]
impl Chat {
    #[message(type = "say")]
    fn say(&self, socket: &Socket<Self>) {
        let said = Said { text: "hello".into() };
        socket.others().send(&said);
    }
}

fn main() {}
