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

#[channel]
impl Game {
    #[message]
    fn make_move(&self, m: Move, socket: &Socket<Self>) -> Deferred<Moved> {
        let (answer, deferred) = socket.defer().typed();
        answer.send(Moved { from: m.from });
        deferred
    }
}

fn main() {}
