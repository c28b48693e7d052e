use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(priority = 10)]
    async fn make_move(&mut self, _: Move) {}
}

fn main() {}
