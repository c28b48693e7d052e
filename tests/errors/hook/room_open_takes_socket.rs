use channel_runtime::{Socket, channel};

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    async fn on_room_open(_: &Socket<Self>) -> Board {
        Board
    }
}

fn main() {}
