use channel_runtime::{Socket, channel};
use serde::Serialize;

#[derive(Serialize, Clone, PartialEq)]
struct Seen {
    cursor: Option<u32>,
}

#[channel("/doc", presence = Seen)]
struct Doc;

#[channel]
impl Doc {
    async fn presence(&mut self, socket: &Socket<Self>) -> Seen {
        Seen { cursor: None }
    }
}

fn main() {}
