use channel_runtime::channel;

#[channel("/game")]
struct Game<T> {
    #[state]
    board: T,
}

fn main() {}
