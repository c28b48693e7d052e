use channel_runtime::channel;

#[channel("/kv", subprotocols(soap))]
struct Store;

#[channel]
impl Store {}

fn main() {}
