use channel_runtime::channel;

mod stocks {
    pub struct Symbol(String);
}
mod bonds {
    pub struct Symbol(String);
}

#[channel("/market", rooms(stocks::Symbol, bonds::Symbol))]
struct Market;

fn main() {}
