use channel_runtime::channel;

struct Color;

#[channel("/game")]
struct Game {
    #[state]
    color: Color,
}

#[channel]
impl Game {}

fn main() {}
