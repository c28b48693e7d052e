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

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) {}

    #[message]
    async fn step(&mut self, _: Step) {}

    #[message(type = "move")]
    async fn go(&mut self) {}
}

fn main() {}
