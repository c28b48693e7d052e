use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn expires_at(&self) -> u64 {
        4711
    }
}

fn main() {}
