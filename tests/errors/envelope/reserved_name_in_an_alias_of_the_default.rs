use channel_runtime::envelope::Flat;
use channel_runtime::{channel, message};

type Own = Flat;

#[message(type = "error", foreign)]
struct Failed {
    id: String,
}

#[channel("/graphql")]
struct Operations;

#[channel(sends(Failed), envelope = Own)]
impl Operations {
    #[message(type = "success")]
    fn done(&mut self) {}
}

fn main() {}
