use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel(receives())]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) {}

    #[message(type = "leave")]
    async fn leave(&mut self) {}
}

fn main() {}
