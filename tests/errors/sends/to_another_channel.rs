use channel_runtime::{Socket, channel, message};

#[message(type = "answered")]
struct Answered {}

#[channel("/customer")]
struct Customer;

#[channel(sends(Answered))]
impl Customer {}

#[channel("/agent")]
struct Agent;

#[channel]
impl Agent {
    #[message(type = "answer")]
    fn answer(&self, socket: &Socket<Self>) {
        socket.all().send(Answered {});
    }
}

fn main() {}
