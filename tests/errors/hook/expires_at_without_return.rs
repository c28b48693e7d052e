use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn expires_at(&self) {}
}

fn main() {}
