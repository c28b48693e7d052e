use channel_runtime::{Bytes, channel, message};

#[derive(Default)]
struct Board(u8);

#[message(binary, kind = 1)]
struct BoardIs(u8);

impl BoardIs {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self(data[0]))
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

#[channel("/game", room_state = Board, history)]
struct Game;

#[channel(sends(BoardIs))]
impl Game {
    fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs(board.0)
    }
}

#[channel("/canvas", room_state = Board, history)]
struct Canvas;

#[channel(sends(BoardIs))]
impl Canvas {
    fn snapshot(&self, board: &Board) -> Option<BoardIs> {
        Some(BoardIs(board.0))
    }
}

// Without a history nobody asks for its number.
#[channel("/sketch", room_state = Board)]
struct Sketch;

#[channel(sends(BoardIs))]
impl Sketch {
    fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs(board.0)
    }
}

fn main() {}
