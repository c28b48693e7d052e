use serde::Serialize;

use channel_client::Client;
use channel_runtime::{Success, channel, message};

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

    #[message(type = "list")]
    fn list(&self) -> Success<Listed> {
        Success(Listed {})
    }
}

#[derive(Serialize)]
pub struct Listed {}

async fn play(game: Client<Game>) {
    let _ = game.request(GameFromClient::list()).await;
}

fn main() {}
