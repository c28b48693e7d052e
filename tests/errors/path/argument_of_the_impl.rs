use channel_runtime::channel;

#[channel("/game", sends(Move))]
struct Game;

fn main() {}
