use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[message(type = "chat")]
struct Chat {
    text: String,
}

#[channel("/game")]
struct Game;

#[channel(receives(Move, Chat, "leave"))]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) {}
}

fn main() {}
