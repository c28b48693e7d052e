use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_close(&mut self) -> u32 {
        7
    }
}

fn main() {}
