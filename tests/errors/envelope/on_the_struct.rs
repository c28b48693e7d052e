use channel_runtime::envelope::JsonRpc;
use channel_runtime::{channel, message};

#[message(type = "error", foreign)]
struct Failed {
    id: String,
}

#[channel("/rpc", envelope = JsonRpc)]
struct Rpc;

#[channel(sends(Failed))]
impl Rpc {}

fn main() {}
