use channel_runtime::channel;
use serde::Serialize;

#[derive(Serialize, Clone)]
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

fn main() {}
