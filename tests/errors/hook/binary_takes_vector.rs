use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_binary(&mut self, data: Vec<u8>) {}
}

fn main() {}
