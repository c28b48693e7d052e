use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Fault, Token, channel};

#[channel("/rpc")]
struct Rpc;

#[channel(envelope = JsonRpc)]
impl Rpc {
    async fn on_refresh(&mut self, token: Token) -> Result<(), Fault> {
        let _ = token;
        Ok(())
    }
}

fn main() {}
