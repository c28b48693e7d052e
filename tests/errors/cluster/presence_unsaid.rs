use channel_runtime::{channel, channels};
use serde::Serialize;

#[derive(Serialize, Clone, PartialEq)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/doc", presence = Seen)]
struct Doc;

#[channel]
impl Doc {
    fn presence(&self) -> Seen {
        Seen { cursor: None }
    }
}

fn main() {
    channels![Doc; cluster].alone().app(());
}
