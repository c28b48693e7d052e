use channel_runtime::channel;

#[channel("/game", "/spiel")]
struct Game;

fn main() {}
