use channel_runtime::{Close, channel};

pub struct App;

#[channel("/game", app = App)]
struct Game;

#[channel]
impl Game {
    async fn on_close(&mut self, close: &Close, app: &App) {}
}

fn main() {}
