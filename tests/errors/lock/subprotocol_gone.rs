use channel_runtime::{channel, channels};

#[channel("/kv", subprotocols("kv.v2"))]
struct Store;

#[channel]
impl Store {}

fn main() {
    channels![Store; lock = "subprotocol_gone.lock"].app(());
}
