use channel_runtime::{Socket, channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, _: Move, socket: &Socket<Self>) {
        socket.flushed().await;
    }
}

fn main() {}
