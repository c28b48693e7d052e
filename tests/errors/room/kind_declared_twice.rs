use channel_runtime::channel;

struct Symbol(String);

#[channel("/market", rooms(Symbol, Symbol))]
struct Market;

fn main() {}
