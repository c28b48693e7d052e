use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

struct App;
struct Db;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move, _: &App, _: &Db) {}
}

fn main() {}
