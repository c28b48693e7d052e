use channel_runtime::{Socket, channel, message};

#[message(type = "say")]
struct Say {}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, socket: Socket) {}
}

fn main() {}
