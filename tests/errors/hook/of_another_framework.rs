use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_open(&mut self) {}

    async fn on_error(&mut self) {}

    async fn on_disconnect(&mut self) {}
}

fn main() {}
