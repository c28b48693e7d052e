use channel_runtime::channel;

#[channel("/game", rooms = Symbol)]
struct Game;

fn main() {}
