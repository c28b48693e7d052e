use channel_runtime::channel;

#[derive(Default)]
struct Board;

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {
    #[cfg(test)]
    async fn on_room_open() -> Board {
        Board
    }
}

fn main() {}
