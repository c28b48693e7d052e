use channel_runtime::{Handshake, channel};

#[channel("/game")]
struct Game {
    #[states(3)]
    lives: u32,
    #[extracted]
    handshake: Handshake,
    #[message]
    text: String,
}

#[channel]
impl Game {}

fn main() {}
