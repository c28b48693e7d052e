use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn authorize(&self) -> Result<(), std::io::Error> {
        Ok(())
    }
}

fn main() {}
