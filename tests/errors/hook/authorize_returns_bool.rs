use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn authorize(&self) -> bool {
        true
    }
}

fn main() {}
