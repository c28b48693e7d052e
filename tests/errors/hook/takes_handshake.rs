use channel_runtime::{Handshake, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self, handshake: &Handshake) {}
}

fn main() {}
