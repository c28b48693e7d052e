use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel(receives(Move, Move))]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) {}
}

fn main() {}
