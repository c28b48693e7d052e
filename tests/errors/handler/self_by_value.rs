use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game {
    #[state]
    moves: Vec<String>,
}

#[channel]
impl Game {
    #[message]
    async fn make_move(self, m: Move) {
        self.moves.push(m.from);
    }
}

fn main() {}
