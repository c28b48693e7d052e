use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[message(type = "move")]
struct Step {
    to: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Move, Step))]
impl Game {

}

fn main() {}
