use channel_runtime::channel;

struct Color;

#[channel("/game")]
struct Game {
    #[state]
    color: Color,
}

fn main() {}
