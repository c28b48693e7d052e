use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_conect(&mut self) {}

    async fn authorise(&self) {}
}

fn main() {}
