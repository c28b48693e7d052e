use channel_client::Client;
use channel_runtime::envelope::JsonRpc;
use channel_runtime::{channel, message};

#[message(type = "add")]
pub struct Add {}

#[channel("/calc")]
pub struct Calc {}

#[channel(envelope = JsonRpc)]
impl Calc {
    #[message]
    fn add(&self, _: Add) {}
}

fn main() {
    Client::<Calc>::new("/calc").open();
}
