use channel_runtime::channel;

struct Symbol(String);

#[channel("/market", rooms(Symbol))]
struct Market;

fn main() {}
