use channel_runtime::{channel, message};

#[derive(Default)]
struct Table(u8);

struct Board(u8);

#[message(type = "board_is")]
struct BoardIs {
    stones: u8,
}

#[channel("/game", room_state = Table)]
struct Game;

#[channel(sends(BoardIs))]
impl Game {
    fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

fn main() {
    drop(Board(Table(0).0));
}
