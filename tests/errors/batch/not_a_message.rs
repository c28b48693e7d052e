use channel_runtime::{Batched, channel};

struct Jump {
    to: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch(size = 10, wait = "100ms"))]
    async fn moves(_: Vec<Batched<Self, Jump>>) {}
}

fn main() {}
