use channel_runtime::channel;
use serde::Serialize;

#[derive(Serialize, Clone, PartialEq)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/doc", presence = Seen)]
struct Doc;

#[channel]
impl Doc {
    fn presence(&self) -> Option<u32> {
        None
    }
}

fn main() {}
