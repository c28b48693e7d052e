use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel(sends((u8, u8)))]
impl Game {

}

fn main() {}
