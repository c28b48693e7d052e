use channel_runtime::{Bytes, channel};

#[channel("/board")]
struct Board {}

#[channel]
impl Board {
    #[message]
    fn raw(&self, data: Bytes) {
        drop(data);
    }
}

fn main() {}
