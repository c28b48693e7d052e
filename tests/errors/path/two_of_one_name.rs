use channel_runtime::channel;

#[channel("/game/:id/move/:id")]
struct Game {
    id: u32,
}

fn main() {}
