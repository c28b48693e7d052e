use channel_runtime::{Bytes, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_binary(&mut self, data: Bytes) -> Bytes {
        data
    }
}

fn main() {}
