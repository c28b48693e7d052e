use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[state(default)]
    lives: u32,
    #[state(default = 3)]
    chances: u32,
    #[state(3, 4)]
    size: (u32, u32),
}

#[channel]
impl Game {}

fn main() {}
