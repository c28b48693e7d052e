use channel_runtime::describe::Describe;
use channel_runtime::{channel, channels, message};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
enum Piece {
    Man,
    Queen,
}

#[derive(Serialize, Deserialize, Describe)]
struct Square {
    file: u8,
    rank: Option<u8>,
}

#[message(type = "placed")]
struct Placed {
    piece: Piece,
    at: Square,
}

#[channel("/game")]
struct Game;

#[channel(sends(Placed))]
impl Game {}

fn main() {
    channels![Game; lock = "a_type_in_messages.lock"].app(());
}
