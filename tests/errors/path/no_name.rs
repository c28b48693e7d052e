use channel_runtime::channel;

#[channel("/game/:")]
struct Game;

fn main() {}
