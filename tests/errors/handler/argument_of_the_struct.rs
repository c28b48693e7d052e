use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel("/game", app = App, rooms(Symbol))]
impl Game {

}

fn main() {}
