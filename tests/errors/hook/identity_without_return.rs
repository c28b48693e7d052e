use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn identity(&self) {}
}

fn main() {}
