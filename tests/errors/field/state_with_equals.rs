use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[state = 3]
    lives: u32,
}

fn main() {}
