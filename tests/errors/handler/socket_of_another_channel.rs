use channel_runtime::{Socket, channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/other")]
struct Other;

#[channel]
impl Other {}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move, _: &Socket<Other>) {}
}

fn main() {}
