use channel_runtime::channel;

#[channel("/game/*rest")]
struct Game;

fn main() {}
