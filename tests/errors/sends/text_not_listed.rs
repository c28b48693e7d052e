use channel_runtime::{Socket, Text, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn on_text(&mut self, text: Text, socket: &Socket<Self>) {
        socket.room().send_text(text);
    }
}

fn main() {}
