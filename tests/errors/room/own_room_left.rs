use channel_runtime::{Socket, channel};

#[channel("/market")]
struct Market;

#[channel]
impl Market {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.leave(&Market::room());
    }
}

fn main() {}
