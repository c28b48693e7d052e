use channel_runtime::envelope::Bare;
use channel_runtime::{channel, message};

#[message(type = "error", foreign)]
struct Failed {
    r#type: String,
}

#[message(type = "$pong", foreign)]
struct Pong {
    r#ref: u64,
}

#[channel("/graphql")]
struct Operations;

#[channel(sends(Failed, Pong), envelope = Bare)]
impl Operations {}

fn main() {}
