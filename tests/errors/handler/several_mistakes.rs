use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

struct Chat {
    text: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Move, Move), sendz(Chat))]
impl Game {
    async fn on_conect(&mut self) {}

    #[message]
    async fn leave(&mut self) {}

    #[message]
    async fn make_move(self, _: Move) {}

    #[message]
    async fn chat(&mut self, _: Chat) {}
}

fn main() {}
