use channel_runtime::{Batched, channel, message};

#[message(type = "move")]
struct Move {
    to: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch = 10)]
    async fn moves(_: Vec<Batched<Self, Move>>) {}
}

fn main() {}
