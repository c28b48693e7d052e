use channel_runtime::{Bytes, channel, message};

#[derive(Default)]
struct Board(u8);

#[message(type = "board_is")]
struct BoardIs {
    stones: u8,
}

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

#[channel("/other", room_state = Board)]
struct Other;

#[channel]
impl Other {
    fn snapshot(&self, board: &Board) -> String {
        board.0.to_string()
    }
}

#[channel("/raw", room_state = Board)]
struct Raw;

#[channel(sends(Bytes))]
impl Raw {
    fn snapshot(&self, board: &Board) -> Bytes {
        Bytes::copy_from_slice(&[board.0])
    }
}

fn main() {}
