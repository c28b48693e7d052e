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

#[channel(sends(chess::Move, go::Move))]
impl Game {

}

fn main() {}
