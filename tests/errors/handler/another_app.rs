use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

struct App;
struct Db;

#[channel("/game", app = App)]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move, _: &Db) {}
}

fn main() {}
