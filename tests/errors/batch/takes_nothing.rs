use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(batch(size = 10, wait = "100ms"))]
    async fn moves() {}
}

fn main() {}
