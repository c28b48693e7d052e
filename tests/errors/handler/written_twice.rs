use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[message(type = "resign")]
struct Resign;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    fn play(&mut self, _: Move) {}

    #[message]
    fn play(&mut self, _: Resign) {}
}

fn main() {}
