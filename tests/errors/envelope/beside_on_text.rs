use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Text, channel};

#[channel("/rpc")]
struct Rpc;

#[channel(envelope = JsonRpc)]
impl Rpc {
    fn on_text(&mut self, text: Text) {
        let _ = text;
    }
}

fn main() {}
