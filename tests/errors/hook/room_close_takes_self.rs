use channel_runtime::{channel};

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    async fn on_room_close(&mut self, _: Board) {}
}

fn main() {}
