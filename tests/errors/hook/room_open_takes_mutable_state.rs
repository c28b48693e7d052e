use channel_runtime::{Room, channel};

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    fn on_room_open(room: &Room<Self>, board: &mut Board) {}
}

fn main() {}
