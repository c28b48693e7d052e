use channel_runtime::{Fault, Token, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_refresh(&mut self, token: Token) -> Result<(), Fault> {
        Ok(())
    }

    async fn on_reauthorize(&mut self, room: String) -> bool {
        true
    }
}

fn main() {}
