use std::rc::Rc;

use channel_runtime::{Socket, channel, channels, message};

#[message(type = "move")]
struct Move {
    to: u8,
}

#[channel("/game/:id")]
struct Game {
    id: u64,
    #[state]
    board: Rc<Vec<u8>>,
}

#[channel(sends(Move))]
impl Game {
    #[message]
    async fn make_move(&mut self, m: Move, socket: &Socket<Self>) {
        socket.room().send(m);
    }

    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(Move { to: self.board[0] });
    }
}

fn main() {
    channels![Game].app(());
}
