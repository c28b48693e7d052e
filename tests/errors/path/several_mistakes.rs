use channel_runtime::channel;

#[channel("/<a>//:1st/")]
struct Game;

fn main() {}
