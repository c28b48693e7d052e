use channel_runtime::{Fault, Room, channel};

struct Board;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_room_open(room: &Room<Self>) -> Result<Board, Fault> {
        Ok(Board)
    }

    async fn on_room_close(board: Board) {}
}

#[channel("/chess")]
struct Chess;

#[channel]
impl Chess {
    fn on_room_open() -> Board {
        Board
    }
}

fn main() {}
