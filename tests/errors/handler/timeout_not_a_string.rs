use channel_runtime::{channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message(timeout = 2)]
    async fn say(&mut self, _: Say) {}
}

fn main() {}
