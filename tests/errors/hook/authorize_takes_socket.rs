use channel_runtime::{Reject, Socket, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn authorize(&self, _: &Socket<Self>) -> Result<(), Reject> {
        Ok(())
    }
}

fn main() {}
