use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[state()]
    moves: u32,
}

fn main() {}
