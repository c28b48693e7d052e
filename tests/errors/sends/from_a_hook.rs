use channel_runtime::{Close, Socket, channel, message};

#[message(type = "joined")]
struct Joined;

#[message(type = "left")]
struct Left;

#[channel("/game")]
struct Game;

#[channel(sends(Joined))]
impl Game {
    fn on_connect(&mut self) -> Left {
        Left
    }

    async fn on_close(&mut self, _: Close, socket: &Socket<Self>) {
        socket.room().send(Left);
    }
}

fn main() {}
