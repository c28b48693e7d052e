use channel_runtime::{Socket, channel, message};

#[message(type = "bid")]
struct Bid {}

#[channel("/lots")]
struct Lot;

#[channel]
impl Lot {
    #[message]
    async fn bid(&mut self, _: Bid, socket: &Socket<Self>) {
        let _app = socket.app();
    }
}

fn main() {}
