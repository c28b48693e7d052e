use channel_runtime::{channel, message};

#[derive(Default)]
struct Board(u8);

#[message(type = "board_is")]
struct BoardIs {
    stones: u8,
}

#[channel("/game", room_state = Board)]
struct Game;

#[channel(sends(BoardIs))]
impl Game {
    fn snapshots(&self, board: &Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

fn main() {}
