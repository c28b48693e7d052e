use channel_runtime::channel;

#[channel("/doc", presence)]
struct Doc;

#[channel]
impl Doc {}

fn main() {}
