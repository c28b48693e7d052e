use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self, _: String) {}
}

fn main() {}
