use channel_runtime::{Socket, channel, message};

struct App;

#[derive(Default)]
struct Board(u8);

#[message(type = "board_is")]
struct BoardIs {
    stones: u8,
}

#[channel("/game", app = App, room_state = Board)]
struct Game;

#[channel(sends(BoardIs))]
impl Game {
    async fn snapshot(&self, board: &Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

#[channel("/desk", app = App, room_state = Board)]
struct Desk;

#[channel(sends(BoardIs))]
impl Desk {
    fn snapshot(&self, board: &Board, _: &App) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

#[channel("/hall", app = App, room_state = Board)]
struct Hall;

#[channel(sends(BoardIs))]
impl Hall {
    fn snapshot(&self, socket: &Socket<Self>) -> BoardIs {
        socket.room().with(|board, _| BoardIs { stones: board.0 })
    }
}

#[channel("/room", app = App, room_state = Board)]
struct Room;

#[channel(sends(BoardIs))]
impl Room {
    fn snapshot(&mut self, board: Board) -> BoardIs {
        BoardIs { stones: board.0 }
    }
}

fn main() {}
