use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {}

pub struct App;

#[channel("/game", app = App)]
struct Game;

#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, m: &Move, app: &App) {}
}

fn main() {}
