use channel_runtime::{Fault, Room, Token, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_refresh(&mut self, _: Token) -> Result<(), Fault> {
        Ok(())
    }

    fn on_reauthorize(&mut self, _: &Room<Self>) -> bool {
        true
    }
}

fn main() {}
