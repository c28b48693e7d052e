use channel_runtime::channel;

#[channel("/game/:game_id/:round")]
struct Game {
    round: u32,
}

fn main() {}
