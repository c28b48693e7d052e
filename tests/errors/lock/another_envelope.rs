use channel_runtime::envelope::Phoenix;
use channel_runtime::{channel, channels};

#[channel("/room/:_id/websocket")]
struct Room {
    _id: u64,
}

#[channel(envelope = Phoenix)]
impl Room {}

fn main() {
    channels![Room; lock = "another_envelope.lock"].app(());
}
