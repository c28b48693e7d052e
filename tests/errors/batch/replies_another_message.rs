use channel_runtime::{Batched, channel, message};

#[message(type = "move")]
struct Move {}

#[message(type = "moved")]
struct Moved {}

#[message(type = "passed")]
struct Passed {}

#[channel("/game")]
struct Game;

#[channel(sends(Moved, Passed))]
impl Game {
    #[message(batch(size = 10, wait = "10ms"))]
    fn moves(batch: Vec<Batched<Self, Move, Moved>>) {
        for item in batch {
            item.reply(Passed {});
        }
    }
}

fn main() {}
