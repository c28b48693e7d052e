use channel_runtime::{channel, message};

#[message(type = "error", foreign)]
struct Failed {
    id: String,
}

#[channel("/graphql")]
struct Operations;

#[channel(sends(Failed))]
impl Operations {}

fn main() {}
