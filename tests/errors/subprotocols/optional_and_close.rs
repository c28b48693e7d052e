use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1", optional, close = 4406))]
struct Store;

#[channel]
impl Store {}

fn main() {}
