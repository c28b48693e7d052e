use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too low", "bid {least} or more")]
    TooLow { least: u64 },
}

fn main() {}
