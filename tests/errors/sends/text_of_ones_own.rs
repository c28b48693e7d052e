use channel_runtime::{channel, message};

#[message(type = "text")]
struct Text {
    text: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {}

fn main() {}
