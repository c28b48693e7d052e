use channel_runtime::{Socket, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send_bytes(bytes::Bytes::new());
    }
}

fn main() {}
