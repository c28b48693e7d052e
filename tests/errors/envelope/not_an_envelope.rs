use channel_runtime::{Fault, Socket, Success, channel, message};

struct Ocpp16;

#[message(type = "error", foreign)]
struct Failed {
    id: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/ocpp/:_id")]
struct Station {
    _id: String,
}

#[channel(sends(Failed, Said), envelope = Ocpp16)]
impl Station {
    #[message(type = "heartbeat")]
    async fn heartbeat(&mut self, socket: &Socket<Self>) -> Result<Success<u64>, Fault> {
        socket.send(Said { text: "heard".into() });
        Ok(Success(7))
    }
}

fn main() {}
