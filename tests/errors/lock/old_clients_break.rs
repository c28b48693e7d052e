use channel_runtime::{channel, channels, message};

#[message(type = "move")]
struct Move {
    from: u32,
    to: String,
    piece: String,
    #[serde(default)]
    hint: Option<String>,
}

#[message(type = "moved")]
struct Moved {
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

#[channel("/game/:id")]
struct Game {
    id: u32,
}

#[channel(sends(Moved))]
impl Game {
    #[message]
    fn make_move(&mut self, _: Move) {}
}

fn main() {
    channels![Game; lock = "old_clients_break.lock"].app(());
}
