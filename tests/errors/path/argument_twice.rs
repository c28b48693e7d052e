use channel_runtime::channel;

#[channel("/game", app = (), app = ())]
struct Game;

fn main() {}
