use channel_runtime::channel;

#[channel("/game/:game_id")]
struct Game {
    #[cfg(not(any()))]
    game_id: u32,
}

#[channel]
impl Game {}

fn main() {}
