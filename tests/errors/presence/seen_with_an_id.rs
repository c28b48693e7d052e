use channel_runtime::channel;
use channel_runtime::describe::Describe;
use serde::Serialize;

#[derive(Serialize, Describe, Clone, PartialEq)]
struct Seen {
    id: u32,
}

#[channel("/doc", presence = Seen)]
struct Doc;

#[channel]
impl Doc {
    fn presence(&self) -> Seen {
        Seen { id: 1 }
    }
}

fn main() {}
