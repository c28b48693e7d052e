use channel_runtime::{Batched, channel, message};

#[message(type = "move")]
struct Move {
    to: String,
}

#[channel("/other")]
struct Other;

#[channel]
impl Other {}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch(size = 10, wait = "100ms"))]
    async fn moves(_: Vec<Batched<Other, Move>>) {}
}

fn main() {}
