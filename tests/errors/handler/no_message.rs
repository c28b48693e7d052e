use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn leave_game(&mut self) {}
}

fn main() {}
