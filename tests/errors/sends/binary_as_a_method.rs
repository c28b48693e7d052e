use channel_runtime::{Bytes, Socket, channel};

#[channel("/board")]
struct Board {}

#[channel(sends(Bytes))]
impl Board {
    fn on_binary(&self, data: Bytes, socket: &Socket<Self>) {
        socket.send_binary(data);
    }
}

fn main() {}
