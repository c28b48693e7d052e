use channel_runtime::channel;

#[channel("/kv", subprotocols())]
struct Store;

#[channel]
impl Store {}

fn main() {}
