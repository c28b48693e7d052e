use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1"), subprotocols("kv.v2"))]
struct Store;

#[channel]
impl Store {}

fn main() {}
