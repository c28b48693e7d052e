use channel_runtime::channel;

#[channel("/game", room = Board)]
struct Game;

fn main() {}
