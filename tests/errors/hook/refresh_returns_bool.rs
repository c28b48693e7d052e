use channel_runtime::{Token, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_refresh(&mut self, token: Token) -> bool {
        token.matches("open sesame")
    }
}

fn main() {}
