use channel_client::Client;
use channel_runtime::{channel, message};

#[message(type = "move")]
pub struct Move {}

#[message(type = "moved")]
pub struct Moved {}

#[channel("/game/:id")]
pub struct Game {
    id: u64,
}

#[channel(sends(Moved))]
impl Game {
    #[message]
    fn make_move(&self, _: Move) -> Moved {
        Moved {}
    }
}

async fn play(game: Client<Game>) {
    let _ = game.request(Moved {}).await;
}

fn main() {}
