use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault(transparant)]
    Other(Fault),
    #[fault("bid.closed", "the auction is over")]
    Closed {
        #[fault(skipped)]
        lot: u64,
    },
    #[fault = "bid.too_low"]
    TooLow,
}

fn main() {}
