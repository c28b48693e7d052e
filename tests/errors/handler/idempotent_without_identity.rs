use channel_runtime::{channel, message};

#[message(type = "bid")]
struct Bid {
    amount: u64,
}

#[channel("/auction")]
struct Auction;

#[channel]
impl Auction {
    #[message(idempotent)]
    fn bid(&mut self, _: Bid) {}
}

fn main() {}
