use channel_runtime::{Batched, Fault, channel, message};

#[message(type = "move")]
struct Move {}

#[message(type = "moved")]
struct Moved {}

#[channel("/game")]
struct Game;

#[channel(sends(Moved))]
impl Game {
    #[message(batch(size = 10, wait = "10ms"))]
    fn moves(batch: Vec<Batched<Self, Move, Moved>>) {
        for item in batch {
            item.fail(Fault::forbidden("not you"));
        }
    }
}

fn main() {}
