use channel_runtime::{Room, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_reauthorize(&mut self, _: Room<Self>) -> bool {
        true
    }
}

fn main() {}
