use channel_runtime::channel;

#[channel("/game/:game_id")]
struct Game {
    #[state]
    game_id: u32,
}

fn main() {}
