use std::time::SystemTime;

use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn expires_at(&self) -> SystemTime {
        SystemTime::now()
    }
}

fn main() {}
