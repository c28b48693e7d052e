use channel_runtime::{channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message(rate = "5")]
    fn say(&mut self, _: Say) {}

    #[message(type = "leave", per = "user")]
    fn leave(&mut self) {}
}

fn main() {}
