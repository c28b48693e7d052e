use std::rc::Rc;

use channel_runtime::{Room, Socket, channel, channels, message};

#[message(type = "move")]
struct Move {
    to: u8,
}

struct App;

#[derive(Default)]
struct Board;

#[channel("/game/:id", app = App, room_state = Board)]
struct Game {
    id: u64,
    #[state]
    board: Rc<Vec<u8>>,
}

#[channel(sends(Move))]
impl Game {
    #[message]
    async fn make_move(&mut self, m: Move, socket: &Socket<Self>, _app: &App) {
        socket.room().send(m);
    }

    async fn on_room_close(_room: &Room<Self>, _state: Board, _app: &App) {}
}

fn main() {
    channels![Game].app(App);
}
