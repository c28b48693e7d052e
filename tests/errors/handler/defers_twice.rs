use channel_runtime::{Deferred, Socket, channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[message(type = "moved")]
struct Moved {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Moved))]
impl Game {
    #[message]
    fn make_move(&self, _: Move, socket: &Socket<Self>) -> Deferred<Deferred<Moved>> {
        socket.defer().typed().1
    }
}

fn main() {}
