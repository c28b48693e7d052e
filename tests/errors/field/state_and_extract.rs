use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[extract]
    #[state]
    user: String,
}

fn main() {}
