use channel_runtime::channel;

#[channel("/game/{id}")]
struct Game;

fn main() {}
