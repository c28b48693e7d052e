use channel_runtime::channel;

#[channel("/game/:self")]
struct Game;

fn main() {}
