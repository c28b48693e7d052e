use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid {} or more", least + 1)]
    TooLow { least: u64 },
}

fn main() {}
