use channel_runtime::{channel};

struct Moved;

#[channel("/game")]
struct Game;

#[channel(sends(Moved))]
impl Game {

}

fn main() {}
