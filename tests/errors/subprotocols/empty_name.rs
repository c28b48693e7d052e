use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1", ""))]
struct Store;

#[channel]
impl Store {}

fn main() {}
