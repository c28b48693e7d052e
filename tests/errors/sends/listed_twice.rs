use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Move, Move, Bytes, Bytes))]
impl Game {

}

fn main() {}
