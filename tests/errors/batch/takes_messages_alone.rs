use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    to: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch(size = 10, wait = "100ms"))]
    async fn moves(_: Vec<Move>) {}
}

fn main() {}
