use channel_runtime::message;

#[message(type = "bid", idempotent)]
struct Bid {
    amount: u64,
}

fn main() {}
