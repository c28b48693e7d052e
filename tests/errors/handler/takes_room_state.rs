use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {}

pub struct App;

#[derive(Default)]
pub struct Board;

#[channel("/game", app = App, room_state = Board)]
struct Game;

#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, m: Move, board: &Board, app: &App) {}
}

fn main() {}
