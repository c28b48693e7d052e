use channel_runtime::channel;

#[channel("/game?id=1")]
struct Game;

fn main() {}
