use channel_runtime::channel;

#[channel("/game/:1st")]
struct Game;

fn main() {}
