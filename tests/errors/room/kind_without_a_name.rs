use channel_runtime::channel;

#[channel("/market", rooms((u32, u32)))]
struct Market;

fn main() {}
