use channel_runtime::{Bytes, Fault, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(type = "board")]
    fn board(&self) -> Result<Option<Bytes>, Fault> {
        Ok(None)
    }
}

fn main() {}
