use channel_runtime::channel;

struct Symbol(String);

#[channel("/market", rooms(Symbol))]
struct Market;

#[channel]
impl Market {}

fn main() {}
