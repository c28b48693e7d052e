use std::time::SystemTime;

use channel_runtime::channel;

pub struct App;

#[channel("/game", app = App)]
struct Game;

#[channel]
impl Game {
    fn expires_at(&self, _: &App) -> SystemTime {
        SystemTime::now()
    }
}

fn main() {}
