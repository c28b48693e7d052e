use channel_runtime::{Socket, Text, channel};

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    fn on_text(&mut self, text: Text, socket: &Socket<Self>) {
        socket.others().send(text);
    }
}

fn main() {}
