use channel_runtime::channel;

#[channel("/rpc")]
struct Rpc;

#[channel(envelope)]
impl Rpc {}

fn main() {}
