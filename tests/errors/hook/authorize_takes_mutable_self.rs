use channel_runtime::{Reject, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn authorize(&mut self) -> Result<(), Reject> {
        Ok(())
    }
}

fn main() {}
