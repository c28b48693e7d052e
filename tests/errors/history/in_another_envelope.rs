use channel_runtime::channel;
use channel_runtime::envelope::JsonRpc;

#[channel("/chat", history(size = 20))]
struct Chat;

#[channel(envelope = JsonRpc)]
impl Chat {}

fn main() {}
