use channel_runtime::{Room, channel, message};

#[message(type = "say")]
struct Say {}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, room: &Room<Self>) {}
}

fn main() {}
