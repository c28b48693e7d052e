use channel_runtime::{channel, message};

#[message(type = "say")]
struct Say {}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message(Say)]
    async fn say(&mut self, say: Say) {}
}

fn main() {}
