use channel_runtime::{channel, channels, message};

#[message(type = "move")]
struct Move {
    #[serde(alias = "from")]
    source: String,
    to: String,
    piece: Option<String>,
}

#[message(type = "moved")]
struct Moved {
    from: String,
    by: u32,
}

#[channel("/game/:game_id")]
struct Game {
    game_id: u32,
}

#[channel(sends(Moved))]
impl Game {
    #[message]
    fn make_move(&mut self, _: Move) {}

    #[message(type = "resign")]
    fn resign(&mut self) {}
}

fn main() {
    channels![Game; lock = "old_clients_go_on_working.lock"].app(());
}
