use channel_runtime::channel;

#[channel("/my%20game")]
struct Game;

fn main() {}
