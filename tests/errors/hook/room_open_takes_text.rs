use channel_runtime::channel;

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    fn on_room_open(name: &str) -> Board {
        Board
    }
}

fn main() {}
