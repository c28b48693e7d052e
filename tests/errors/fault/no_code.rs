use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid {least} or more")]
    TooLow { least: u64 },
    Closed,
}

fn main() {}
