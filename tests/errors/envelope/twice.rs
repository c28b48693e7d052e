use channel_runtime::{channel, envelope};

#[channel("/rpc")]
struct Rpc;

#[channel(envelope = envelope::JsonRpc, envelope = envelope::Phoenix)]
impl Rpc {}

fn main() {}
