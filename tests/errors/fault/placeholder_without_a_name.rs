use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid {} or more")]
    TooLow { least: u64 },
}

fn main() {}
