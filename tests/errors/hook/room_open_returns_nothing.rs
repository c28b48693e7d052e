use channel_runtime::{Room, channel};

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    async fn on_room_open(_: &Room<Self>) {}
}

fn main() {}
