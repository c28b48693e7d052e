use channel_runtime::envelope::JsonRpc;
use channel_runtime::{AskError, Socket, channel, message};

#[message(type = "reset", answer = bool)]
struct Reset {}

struct Done(Result<bool, AskError>);

#[channel("/charger")]
struct Charger;

#[channel(sends(Reset), envelope = JsonRpc)]
impl Charger {
    async fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.ask(Reset {}).notify(Done);
    }
}

fn main() {}
