use channel_runtime::{Hub, channel};

#[derive(Default)]
struct Board {
    moves: u32,
}

#[channel("/game/:id", room_state = Board)]
struct Game {
    id: u64,
}

#[channel]
impl Game {}

fn moves(games: &Hub<Game>) -> u32 {
    games.room(&Game::room(&7)).with(|board, _| board.moves)
}

fn main() {}
