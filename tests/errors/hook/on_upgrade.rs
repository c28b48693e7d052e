use channel_runtime::{Socket, channel};

#[channel("/echo")]
struct Echo {}

#[channel]
impl Echo {
    fn on_upgrade(&mut self, name: &str, socket: &Socket<Self>) {
        assert_ne!(Some(name), socket.subprotocol());
    }
}

fn main() {}
