use channel_runtime::{Token, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_refresh(&mut self, _: Token) {}
}

fn main() {}
