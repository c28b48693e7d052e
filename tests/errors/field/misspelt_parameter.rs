use channel_runtime::channel;

#[channel("/game/:game_id")]
struct Game {
    gameid: u32,
}

fn main() {}
