use channel_runtime::{Socket, channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(Move { from: "e2".into() });
        socket.room().send(Move { from: "e2".into() });
    }
}

fn main() {}
