use channel_runtime::{channel};

struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) {}
}

fn main() {}
