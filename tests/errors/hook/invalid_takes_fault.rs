use channel_runtime::{Fault, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_invalid(&mut self, fault: Fault) {}
}

fn main() {}
