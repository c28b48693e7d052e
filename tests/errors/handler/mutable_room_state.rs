use channel_runtime::{Socket, channel, message};

#[message(type = "move")]
struct Move {}

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, m: Move, board: &mut Board, socket: &Socket<Self>) {}
}

fn main() {}
