use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: (String, String)) {}
}

fn main() {}
