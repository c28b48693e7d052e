use channel_runtime::{Socket, channel, channels, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[message(type = "moved")]
struct Moved {
    from: String,
}

#[channel("/game/:id")]
struct Game {
    id: u64,
}

#[channel(sends(Moved, game::))]
impl Game {
    #[message]
    async fn make_move(&mut self, m: Move) -> Moved {
        Moved { from: m.from }
    }

    #[message(type = "resign")]
    fn resign(&mut self, socket: &Socket<Self>) {
        let elsewhere: u8 = socket.id();
    }
}

fn main() {
    channels![Game].app(());
}
