use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid {lest} or more")]
    TooLow { least: u64 },
    #[fault("bid.closed", "the auction is over since {end}")]
    Closed,
}

fn main() {}
