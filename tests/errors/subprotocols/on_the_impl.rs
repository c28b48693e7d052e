use channel_runtime::channel;

#[channel("/kv")]
struct Store;

#[channel(subprotocols("kv.v1"))]
impl Store {}

fn main() {}
