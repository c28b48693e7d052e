use channel_runtime::{channel, message};

struct Board(u8);

#[message(type = "board_is")]
struct BoardIs {
    stones: u8,
}

#[channel("/game")]
struct Game;

#[channel(sends(BoardIs))]
impl Game {
    fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

fn main() {}
