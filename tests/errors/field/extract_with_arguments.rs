use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[extract(header = "user")]
    user: String,
}

fn main() {}
