use channel_runtime::{Socket, Text, channel};

#[channel("/game")]
struct Game;

#[channel(sends(#[cfg(any())] Text))]
impl Game {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send_text("hello");
    }
}

fn main() {
    drop(Text::from("hello"));
}
