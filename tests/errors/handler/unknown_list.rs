use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel(send(Move))]
impl Game {

}

fn main() {}
