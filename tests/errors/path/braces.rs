use channel_runtime::channel;

#[channel("/game/{id}")]
struct Game {
    id: u64,
}

fn main() {}
