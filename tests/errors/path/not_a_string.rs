use channel_runtime::channel;

#[channel(1)]
struct Game;

fn main() {}
