use channel_runtime::channel;

#[channel("")]
struct Game;

fn main() {}
