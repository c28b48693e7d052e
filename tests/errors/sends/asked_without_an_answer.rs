use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Socket, channel, message};

#[message(type = "reset")]
struct Reset {}

#[channel("/charger")]
struct Charger;

#[channel(sends(Reset), envelope = JsonRpc)]
impl Charger {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        _ = socket.ask(Reset {}).await;
    }
}

fn main() {}
