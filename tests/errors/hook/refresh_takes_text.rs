use channel_runtime::{Fault, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_refresh(&mut self, _: String) -> Result<(), Fault> {
        Ok(())
    }
}

fn main() {}
