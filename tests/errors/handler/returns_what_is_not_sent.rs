use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, m: Move) -> Move {
        m
    }
}

fn main() {}
