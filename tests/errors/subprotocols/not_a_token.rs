use channel_runtime::channel;

#[channel("/kv", subprotocols("kv 1"))]
struct Store;

#[channel]
impl Store {}

fn main() {}
