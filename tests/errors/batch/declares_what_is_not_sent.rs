use channel_runtime::{Batched, channel, message};

#[message(type = "move")]
struct Move {}

#[message(type = "moved")]
struct Moved {}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch(size = 10, wait = "10ms"))]
    fn moves(batch: Vec<Batched<Self, Move, Moved>>) {
        drop(batch);
    }
}

fn main() {}
