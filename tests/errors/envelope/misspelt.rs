use channel_runtime::channel;

#[channel("/rpc")]
struct Rpc;

#[channel(enevelope = channel_runtime::envelope::JsonRpc)]
impl Rpc {}

fn main() {}
