use channel_runtime::channel;

#[channel("/game")]
enum Game {
    Chess,
    Go,
}

fn main() {}
