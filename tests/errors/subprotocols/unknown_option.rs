use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1", option))]
struct Store;

#[channel]
impl Store {}

fn main() {}
