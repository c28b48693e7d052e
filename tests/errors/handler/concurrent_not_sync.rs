use channel_runtime::{channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat {
    #[state]
    said: std::cell::Cell<u32>,
}

#[channel]
impl Chat {
    #[message(concurrent = 4)]
    async fn say(&self, _: Say) {
        self.said.set(1);
    }
}

fn main() {}
