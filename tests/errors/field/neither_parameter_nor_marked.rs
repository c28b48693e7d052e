use channel_runtime::channel;

#[channel("/game/:game_id")]
struct Game {
    game_id: u32,
    moves: Vec<String>,
}

fn main() {}
