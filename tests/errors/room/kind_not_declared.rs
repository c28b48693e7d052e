use channel_runtime::{Socket, channel};

struct Symbol(String);

#[channel("/market")]
struct Market;

#[channel]
impl Market {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.join(&Symbol("ACME".into()));
    }
}

fn main() {}
