use channel_runtime::channel;

#[channel("/kv", subprotocols("kv.v1", "channels.1.json"))]
struct Store;

#[channel]
impl Store {}

fn main() {}
