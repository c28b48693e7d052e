use channel_runtime::channel;
use serde::Serialize;

#[derive(Serialize, Clone, PartialEq)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/doc", presence(Seen, grace = 10, every = "0ms", diffs_up_to = "all"))]
struct Doc;

#[channel]
impl Doc {
    fn presence(&self) -> Seen {
        Seen { cursor: None }
    }
}

fn main() {}
