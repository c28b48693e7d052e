use channel_runtime::{Socket, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_connect(&mut self) {}

    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.flushed().await;
    }
}

fn main() {}
