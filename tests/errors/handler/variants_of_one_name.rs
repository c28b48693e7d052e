use channel_runtime::{channel};

mod chess {
    #[channel_runtime::message(type = "chess_move")]
    pub struct Move;
}
mod go {
    #[channel_runtime::message(type = "go_move")]
    pub struct Move;
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: chess::Move) {}

    #[message]
    async fn take_turn(&mut self, _: go::Move) {}
}

fn main() {}
