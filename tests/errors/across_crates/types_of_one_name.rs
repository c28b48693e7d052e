use channel_runtime::{channel, message};

#[message(type = "moved")]
struct Ours;

#[channel("/game")]
struct Game;

#[channel(sends(elsewhere::Moved, elsewhere::MovedToo))]
impl Game {
    #[message]
    fn theirs(&self, _: elsewhere::Moved) {}

    #[message]
    fn ours(&self, _: Ours) {}
}

fn main() {}
