use channel_runtime::channel;

#[channel("/kv", subprotocols(optional))]
struct Store;

#[channel]
impl Store {}

fn main() {}
