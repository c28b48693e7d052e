use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message = "leave"]
    async fn leave(&mut self) {}
}

fn main() {}
