use channel_runtime::channel;

#[channel("/game/:game_id")]
struct Game(u32);

fn main() {}
