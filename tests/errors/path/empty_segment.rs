use channel_runtime::channel;

#[channel("/game//board")]
struct Game;

fn main() {}
