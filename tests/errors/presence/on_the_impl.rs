use channel_runtime::channel;
use serde::Serialize;

#[derive(Serialize, Clone, PartialEq)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/doc")]
struct Doc;

#[channel(presence = Seen)]
impl Doc {}

fn main() {}
