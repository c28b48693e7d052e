use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1", close = 1006))]
struct Store;

#[channel]
impl Store {}

fn main() {}
