use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid {0}, in steps of {1}")]
    TooLow(u64, u64),
}

fn main() {}
